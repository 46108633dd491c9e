"""Who was blocked in a run: the event loop, worker threads in its place, nobody, or there is no loop at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.catalogue.scenario import Group
from compare.results import LOOP_PLACES, milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from compare.results import Finding, Run

SHARE = 0.1
"""What is less than this part of a run's time is not told as blocking it."""


def blocked(run: Run) -> str | None:
    """Who: `loop`, `workers`, `nobody` or `no-loop`; `None` where nothing was observed."""
    seen = run.observation
    if seen is None:
        return None
    if run.backend is None and seen.loop is None:
        return "no-loop"
    least = SHARE * seen.duration_ms
    if held_ms(run) > least:
        return "loop"
    return "workers" if any(each.total_ms > least for each in _workers(run)) else "nobody"


def held_ms(run: Run) -> float:
    """How long findings say that the loop was held, in milliseconds."""
    return sum(each.total_ms for each in _loop(run))


def _loop(run: Run) -> list[Finding]:
    findings = run.observation.findings if run.observation else ()
    return [each for each in findings if each.place in LOOP_PLACES and (each.place == "gil" or each.role != "worker")]


def _workers(run: Run) -> list[Finding]:
    findings = run.observation.findings if run.observation else ()
    return [each for each in findings if each.place in ("worker-thread", "pool-queue") or each.role == "worker"]


def _any(who: str) -> Callable[[Sequence[Run]], bool]:
    return lambda runs: any(blocked(run) == who for run in runs)


def _calls(findings: Iterable[Finding]) -> str:
    """The calls that waited longest, by name."""
    times: dict[str, float] = {}
    for each in findings:
        times[each.call or each.kind or each.place] = times.get(each.call or each.kind or each.place, 0) + each.total_ms
    return " or ".join(sorted(times, key=lambda name: -times[name])[:2])


def _held(runs: Sequence[Run]) -> str:
    mine = [run for run in runs if blocked(run) == "loop"]
    if not mine:
        return ""
    worst = max(mine, key=held_ms)
    calls = _calls(each for run in mine for each in _loop(run))
    total = milliseconds(held_ms(worst))
    return f"The loop itself waits in {calls}, for up to {total} of a run: no other task goes on meanwhile."


def _moved(runs: Sequence[Run]) -> str:
    findings = [each for run in runs for each in _workers(run)]
    if not findings:
        return ""
    longest, calls = milliseconds(max(each.longest_ms for each in findings)), _calls(findings)
    return f"The loop goes on, and each wait, of up to {longest}, blocks a worker thread in {calls}."


def _nobody(runs: Sequence[Run]) -> str:
    threads = max((run.threads for run in runs), default=0)
    return f"The kernel reports what is ready or done: no thread waits for one file alone, and {threads} are enough."


def _plain(runs: Sequence[Run]) -> str:
    findings = [each for run in runs if run.observation for each in run.observation.findings]
    if not findings:
        return "Whoever calls it waits until it returns."
    return f"Whoever calls it waits until it returns: in {_calls(findings)}."


WHERE_BLOCKED = (
    Group("held", "the event loop is held", _any("loop"), _held),
    Group("moved", "worker threads wait in its place", _any("workers"), _moved),
    Group("nobody", "nobody in this process waits", _any("nobody"), _nobody),
    Group("no-loop", "no event loop", lambda runs: all(run.backend is None for run in runs), _plain),
)
"""The groups of a scenario in which it matters who waits for a slow resource."""
