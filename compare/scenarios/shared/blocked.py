"""Who was blocked in a run: the event loop, worker threads in its place, nobody, or there is no loop at all."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from compare.catalogue.scenario import Group, Scenario
from compare.results import LOOP_PLACES, milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from compare.results import Finding, Run

SHARE = 0.1
"""What is less than this part of a run's time is not told as blocking it."""

MOST, LEAST_MS = 0.8, 50.0
"""The same for what a loop does itself (it computes, it shares the GIL and locks with its workers): every loop does."""

UNNAMED = {"page-fault": "a page fault", "lock": "a lock", "loop-thread": "what can't be seen"}
UNSEEN = 0.5
"""The least part of a run's time that a wait must take for what can't be seen: on a busy machine it is a processor."""

WAITS = ("loop-thread", "page-fault")
"""Where a loop waits for a resource, and not for its own program."""


def time_ms(run: Run) -> float:
    """What the waits of a run are a part of, in milliseconds: its time, or that of the pass that was observed."""
    observed = run.observation.duration_ms if run.observation else 0.0
    return min(observed, run.seconds.median * 1000) if run.seconds else observed


def telling(run: Run) -> tuple[Finding, ...]:
    """The findings that take a part of the run's time that is worth a word, all of one place and line together."""
    findings = run.observation.findings if run.observation else ()
    if run.seconds is None:  # a program's: its author asks for a threshold
        return findings
    totals: dict[tuple[object, ...], float] = {}
    for each in findings:
        totals[_where(each)] = totals.get(_where(each), 0.0) + each.total_ms
    return tuple(each for each in findings if totals[_where(each)] >= _least(each) * time_ms(run))


def _least(finding: Finding) -> float:
    return UNSEEN if _is_unseen(finding) else SHARE


def _is_unseen(finding: Finding) -> bool:
    """Whether it can't be told what it waited for."""
    return finding.place == "loop-thread" and finding.call is None


def _where(finding: Finding) -> tuple[object, ...]:
    return finding.place, finding.kind, finding.role, finding.call, finding.site


def blocked(run: Run) -> str | None:
    """Who, as the key of a group: `held`, `moved`, `nobody` or `no-loop`; `None` where that was not seen.

    That nobody was is only said where nothing is missing: an observer that was kept from looking sees nobody either.
    """
    seen = run.observation
    if seen is None:
        return None
    waited = sum(each.total_ms for each in _loop(run) if each.place in WAITS and not _is_unseen(each))
    itself = held_ms(run) - waited
    if waited > SHARE * time_ms(run) or itself > max(MOST * time_ms(run), LEAST_MS):
        return "held" if any(each.role == "loop" for each in _loop(run)) else "no-loop"
    if run.backend is None:
        return "no-loop"
    if sum(each.total_ms for each in _workers(run)) > SHARE * time_ms(run):
        return "moved"
    return None if seen.missing else "nobody"


def held_ms(run: Run) -> float:
    """How long findings say that the loop was held, in milliseconds."""
    return sum(each.total_ms for each in _loop(run))


def _loop(run: Run) -> list[Finding]:
    findings = run.observation.findings if run.observation else ()
    return [each for each in findings if each.place in LOOP_PLACES and (each.place == "gil" or each.role != "worker")]


def _workers(run: Run) -> list[Finding]:
    findings = run.observation.findings if run.observation else ()
    return [each for each in findings if each.place == "worker-thread" and each.role != "loop"]


def _queued_ms(runs: Iterable[Run]) -> float:
    findings = (each for run in runs if run.observation for each in run.observation.findings)
    return max((each.longest_ms for each in findings if each.place == "pool-queue"), default=0.0)


def _any(who: str) -> Callable[[Sequence[Run]], bool]:
    return lambda runs: any(blocked(run) == who for run in runs)


def _calls(findings: Iterable[Finding]) -> str:
    """The calls that waited longest, by name."""
    times: dict[str, float] = {}
    for each in findings:
        name = each.call or UNNAMED.get(each.place) or each.kind or each.place
        times[name] = times.get(name, 0.0) + each.total_ms
    most = max(times.values(), default=0.0)
    return " or ".join(
        sorted((name for name in times if times[name] > SHARE * most), key=lambda name: -times[name])[:2]
    )


def _held(runs: Sequence[Run]) -> str:
    mine = [run for run in runs if blocked(run) == "held"]
    if not mine:
        return ""
    findings = [each for run in mine for each in _loop(run)]
    calls = _calls([each for each in findings if each.place in WAITS] or findings)
    return f"the loop's own thread waits in {calls}, and no other task goes on"


def _moved(runs: Sequence[Run]) -> str:
    mine = [run for run in runs if blocked(run) == "moved"]
    if not mine:
        return ""
    queued = _queued_ms(mine)
    behind = f"; more calls than threads are queued, for up to {milliseconds(queued)}" if queued else ""
    calls = _calls(each for run in mine for each in _workers(run))
    return f"the loop goes on; each call blocks a thread in {calls}{behind}"


def _nobody(resource: str, runs: Sequence[Run]) -> str:
    return f"the kernel reports what is ready or done; of at most {_count(runs)} none blocks for {resource}"


def _plain(runs: Sequence[Run]) -> str:
    del runs
    return "the caller, or a thread it starts, blocks until all is done"


def groups_by_who_waits(resource: str) -> tuple[Group, ...]:
    """The groups of a scenario in which it matters who waits for a slow resource: `a file`."""
    return (
        Group("held", "the event loop is held", _any("held"), _held, letter="L"),
        Group("moved", "worker threads wait in its place", _any("moved"), _moved, letter="W"),
        Group(
            "nobody",
            "nobody in this process waits",
            _any("nobody"),
            partial(_nobody, resource),
            letter="N",
            waits=False,
        ),
        Group("no-loop", "no event loop", lambda runs: all(run.backend is None for run in runs), _plain, letter="C"),
    )


class WhereBlocked(Scenario):
    """A scenario in which it matters who waits for a slow resource.

    Attributes:
        resource: what the recipes wait for: `slow files`.
        shown_in: the workload in which waiting shows most.
        best: what those with the least cost are called: `Fastest`.
    """

    groups = groups_by_who_waits("a file")
    resource: str
    shown_in: str
    best: str = "Fastest"

    def blocked(self, run: Run) -> str | None:
        """Who waited for the resource."""
        return blocked(run)

    def least(self, run: Run) -> str:
        """What the best run of a workload took."""
        return milliseconds(self.cost(run) * 1000)

    def answer(self, groups: Sequence[tuple[Group, Sequence[Run]]]) -> tuple[str, ...]:
        """Who still blocks; and who is best under each workload."""
        best = []
        for name in self.workloads:
            runs = [run for _, mine in groups for run in shown(mine, name, self.cost) if run.per_second]
            if first := min(runs, key=self.cost, default=None):
                best.append(f"{name} {first.variant} ({self.least(first)})")
        told = where_blocked(groups, self.resource, self.shown_in)
        return (*told, f"{self.best}: {', '.join(best)}.") if best else told


def where_blocked(groups: Sequence[tuple[Group, Sequence[Run]]], what: str, state: str) -> tuple[str, ...]:
    """The answer: how many hold the loop, only move the wait, do neither; with their figures.

    Of one that failed in any of its runs nothing is said: not that it blocks nobody.

    Args:
        groups: those that there are, each with its runs.
        what: what the recipes wait for: `slow files`.
        state: the workload in which waiting shows most.
    """
    every = [run for _, mine in groups for run in mine]
    broken = {run.variant for run in every if run.outcome not in {"ok", "skipped", "starves"}}
    runs = {group.key: [run for run in mine if run.variant not in broken] for group, mine in groups}
    count = len({run.variant for run in every})
    told = []
    if held := runs.get("held"):
        worst = max((run for run in shown(held) if blocked(run) == "held"), key=held_ms, default=held[0])
        names = ", ".join(dict.fromkeys(run.variant for run in held))
        told.append(
            f"The event loop itself still blocks in {_number(held)} of {count} recipes ({names}):"
            f" for {milliseconds(held_ms(worst))} at worst."
        )
    if moved := runs.get("moved"):
        told.append(
            f"{_many(moved, 'only move')} the blocking to worker threads: the loop goes on{_span(moved, state)}"
            f"{_threads(moved)}."
        )
    if nobody := runs.get("nobody"):
        there = [run for run in nobody if state in run.workload.values()]
        resource = f"for {what}" if there else "for long"
        told.append(
            f"{_many(there or nobody, 'block')} no thread {resource}{_span(there, state)}{_threads(there or nobody)}."
        )
    return tuple(told)


def _threads(runs: Sequence[Run]) -> str:
    return f", with at most {_count(runs)} in all"


def _count(runs: Sequence[Run]) -> str:
    threads = max((run.threads for run in runs), default=0)
    return f"{threads} thread{'' if threads == 1 else 's'}"


def _seconds(run: Run) -> float:
    return run.seconds.median if run.seconds else 0.0


def shown(runs: Sequence[Run], state: str | None = None, cost: Callable[[Run], float] = _seconds) -> list[Run]:
    """Of each recipe's backends the one in the middle, whose figures the table shows: in one state, or in each."""
    mine: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        if run.outcome == "ok" and (state is None or state in run.workload.values()):
            mine.setdefault((run.variant, str(run.workload)), []).append(run)
    return [sorted(some, key=cost)[(len(some) - 1) // 2] for some in mine.values()]


def _number(runs: Sequence[Run]) -> int:
    return len({run.variant for run in runs})


def _many(runs: Sequence[Run], verb: str) -> str:
    """So many recipes do it: `9 block`, `1 blocks`."""
    return f"{_number(runs)} {verb}" if _number(runs) > 1 else f"{_number(runs)} {verb}s"


def _span(runs: Sequence[Run], state: str) -> str:
    """From the fastest to the slowest of one state: `, and slow takes 52 ms to 158 ms`."""
    times = sorted(run.seconds.median * 1000 for run in shown(runs, state) if run.seconds)
    if not times:
        return ""
    low, high = milliseconds(times[0]), milliseconds(times[-1])
    return f", and {state} takes {low}" + (f" to {high}" if low != high else "")
