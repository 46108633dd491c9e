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
    threads = sorted({run.threads for run in unanswered if run.threads})
    span = f"{threads[0]}" if len(threads) == 1 else f"{threads[0]} to {threads[-1]}" if threads else "few"
    return f"Each client keeps a thread or process until it leaves: with {span} for {clients} clients, the others wait."


def _threads(runs: Sequence[Run]) -> str:
    most = max((run.threads for run in runs), default=0)
    return f"Every client is answered, and each has a thread or process that waits for it alone: up to {most} of them."


def _one(runs: Sequence[Run]) -> str:
    answers = [run.latency_ms.p50 for run in _of(runs, "hold") if run.latency_ms]
    if not answers:
        return "One thread waits for all clients in one call."
    worst = milliseconds(max(answers))
    return f"One thread waits for all clients in one call; a client among silent ones is answered in {worst} or less."


def _polls(runs: Sequence[Run]) -> str:
    del runs
    return "One thread asks every client again and again without waiting, and uses a whole processor when nobody talks."


def _of(runs: Iterable[Run], load: str) -> list[Run]:
    return [run for run in runs if run.workload.get("load") == load and run.outcome == "ok"]


HOW_SERVED = (
    Group("starves", "starves: clients are left unanswered", _starves, _left, ranked=False),
    Group("burns", "burns a CPU", _burns, _polls),
    Group("threads", "one thread for each client", _one_for_each, _threads),
    Group("one", "one thread for all", bool, _one),
)
