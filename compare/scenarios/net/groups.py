"""How servers are told apart: who leaves clients unanswered, what each client costs, who burns a processor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.catalogue.scenario import Group
from compare.results import milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from compare.results import Run

MANY = 0.5
"""Threads for at least this part of the clients are one for each."""


def _starves(runs: Sequence[Run]) -> bool:
    return any(run.outcome == "starves" for run in runs)


def _burns(runs: Sequence[Run]) -> bool:
    return any(
        each.kind == "busy-polling" for run in runs if run.observation is not None for each in run.observation.findings
    )


def _one_for_each(runs: Sequence[Run]) -> bool:
    return any(run.threads >= MANY * run.workload["clients"] > 1 for run in runs)


def _left(runs: Sequence[Run]) -> str:
    unanswered = [run for run in runs if run.outcome == "starves"]
    if not unanswered:
        return ""
    clients = max(run.workload["clients"] for run in unanswered)
    return f"a client keeps its thread: {_range(unanswered)} threads serve, the rest of {clients} clients wait"


def _threads(runs: Sequence[Run]) -> str:
    return f"every client is answered, and blocks a thread of its own: up to {max(run.threads for run in runs)}"


def _one(runs: Sequence[Run]) -> str:
    worst = _answered(runs)
    asked = f"; one that asks among silent ones is answered in {worst} or less" if worst else ""
    return f"one wait covers all clients{asked}"


def _polls(runs: Sequence[Run]) -> str:
    del runs
    return "asks every client again and again, never blocks, and uses a whole CPU even when no client sends"


def _range(runs: Sequence[Run]) -> str:
    threads = sorted({run.threads for run in runs if run.threads}) or [0]
    return str(threads[0]) if len(threads) == 1 else f"{threads[0]} to {threads[-1]}"


def _answered(runs: Sequence[Run]) -> str:
    """How long the one that asks waited at most."""
    times = [run.answered_ms for run in _of(runs, "hold") if run.answered_ms is not None]
    return milliseconds(max(times)) if times else ""


def how_served(groups: Sequence[tuple[Group, Sequence[Run]]]) -> tuple[str, ...]:
    """The answer: who starves, what a thread for each client costs and what one for all, who burns a CPU."""
    runs = {group.key: [run for run in mine if run.outcome in ("ok", "starves")] for group, mine in groups}
    told = []
    if left := runs.get("starves"):
        names = ", ".join(dict.fromkeys(run.variant for run in left))
        told.append(f"{_many(left, 'leave')} clients unanswered: {names}.")
    if threads := runs.get("threads"):
        most = max(run.threads for run in threads)
        told.append(
            f"{_many(threads, 'serve')} all with up to {most} threads or processes, each blocked for one client."
        )
    if one := runs.get("one"):
        rates = [run.per_second for run in _of(one, "busy") if run.per_second]
        span = f", {min(rates):,.0f} to {max(rates):,.0f} messages a second" if rates else ""
        told.append(f"{_many(one, 'serve')} all with one thread, blocked for all clients at once{span}.")
    if burns := runs.get("burns"):
        told.append(
            f"{', '.join(dict.fromkeys(run.variant for run in burns))} never blocks, and uses a whole CPU instead."
        )
    return tuple(told)


def _number(runs: Sequence[Run]) -> int:
    return len({run.variant for run in runs})


def _many(runs: Sequence[Run], verb: str) -> str:
    """So many recipes do it: `9 block`, `1 blocks`."""
    return f"{_number(runs)} {verb}" if _number(runs) > 1 else f"{_number(runs)} {verb}s"


def _of(runs: Iterable[Run], load: str) -> list[Run]:
    return [run for run in runs if run.workload.get("load") == load and run.outcome == "ok"]


HOW_SERVED = (
    Group("starves", "starves", _starves, _left, ranked=False),
    Group("burns", "burns a CPU", _burns, _polls),
    Group("threads", "one thread for each client", _one_for_each, _threads),
    Group("one", "one thread for all", bool, _one),
)
