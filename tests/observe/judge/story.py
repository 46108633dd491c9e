"""Made-up and recorded tellings of what a thread did, for a judge."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from compare.observe.interpreter.views import View
from compare.observe.judge.judge import Judge
from compare.observe.judge.segments import Segment
from compare.observe.kernel.threads import TICK_NS, Stat
from compare.report.check import disagreements
from compare.results import Site

if TYPE_CHECKING:
    from pathlib import Path

    from compare.results import Finding, Observation

MS = 1_000_000
LINE = Site("/app.py", 7, "work")


class Clock:
    """A probe that knows how long each thread ran, and that it ran in user mode."""

    def __init__(self) -> None:
        """Nothing has run."""
        self.ran: Counter[tuple[int, int]] = Counter()

    def stat(self, pid: int, tid: int) -> Stat | None:
        """Return the thread's counters."""
        return Stat("R", 0, 0, self.ran[pid, tid] // TICK_NS, 0)

    def streams(self, pid: int) -> None:
        """There are none."""

    def files(self, pid: int) -> frozenset[str]:  # noqa: ARG002  as a probe has them
        """None."""
        return frozenset()

    def waits(self, pid: int, tid: int) -> int:  # noqa: ARG002  as a probe has them
        """None."""
        return 0

    def transferred(self, pid: int, tid: int) -> tuple[int, int]:  # noqa: ARG002  as a probe has them
        """Nothing, in no call."""
        return 0, 0

    def packets(self, pid: int) -> int:  # noqa: ARG002  as a probe has them
        """None."""
        return 0


def a_view(
    *, own: bool = False, loop: bool = True, step: int = 1, pool: bool = False, imports: bool = False, site: Site = LINE
) -> View:
    """Return the view of a stack at `LINE`; `own`: in the loop's own code."""
    told = {
        "site": site, "mine": not own, "loop": loop, "own": own, "step": () if own else (step, 0), "task": (step,),
        "turn": int(loop), "library": own, "pool": pool, "imports": imports, "top": (step, 7), "anchor": (step, 7),
        "frames": ((step, 7),),
    }  # fmt: skip
    return _made(told)


def _made(told: dict[str, Any]) -> View:
    """A view of what is told; what a recording of another time tells beside it is left out."""
    known = {each.name for each in fields(View)}
    return View(**{name: value for name, value in told.items() if name in known})


class Story:
    """Tells a judge what the thread of a loop did, piece by piece."""

    def __init__(self, *, agent: bool = True, **options: Any) -> None:
        """Begin; without an `agent` nobody pings the loop; `options` are the judge's."""
        self.at = 0
        self.clock = Clock()
        self.judge = Judge(1, 0, self.clock, threshold_ns=10 * MS, **{"plain_threads": False, **options})
        if agent:
            self.judge.loop_runs(1, 1, 0)

    def polls(self, ms: int) -> Story:
        """The loop is in its poller."""
        return self._piece(ms, Segment(self.at, "call", "epoll_wait", view=a_view(own=True)))

    def waits(self, ms: int, call: str = "read", view: View | None = None) -> Story:
        """It waits elsewhere."""
        return self._piece(ms, Segment(self.at, "call", call, view=view or a_view()))

    def waits_unread(self, ms: int, call: str, *, poller: bool = False) -> Story:
        """It waits, and its stack could not be read; `poller`: in what is known for its loop's poller."""
        return self._piece(ms, Segment(self.at, "call", call, poller=poller))

    def gil(self, ms: int, holder: int = 2, lines: dict[Site, int] | None = None) -> Story:
        """It waits for the GIL; `lines`: how often its holder was seen at each."""
        segment = Segment(self.at, "call", "futex", view=a_view(), gil=True)
        for line, times in (lines or {LINE: 1}).items():
            segment.holders[holder, None, line] = times
        return self._piece(ms, segment)

    def faults(self, ms: int) -> Story:
        """It waits for a page."""
        return self._piece(ms, Segment(self.at, "off", view=a_view()))

    def runs(self, ms: int, step: int = 1, *, starved: bool = False, view: View | None = None) -> Story:
        """It computes, or would if it had a CPU."""
        segment = Segment(self.at, "running", view=view or a_view(step=step))
        segment.cpu, segment.delay = (0, ms * MS) if starved else (ms * MS, 0)
        return self._piece(ms, segment)

    def runs_in_the_kernel(self, ms: int, *, user: int = 0) -> Story:
        """It runs in a call's own code; `user`: clock ticks that were counted elsewhere all the same."""
        segment = Segment(self.at, "running", view=a_view(), cpu=ms * MS, user=user, system=ms * MS // TICK_NS - user)
        return self._piece(ms, segment)

    def turns(self, ms: int) -> Story:
        """The loop's own code runs."""
        return self.runs(ms, view=a_view(own=True))

    def pinged(self) -> Story:
        """A ping stands in its line from now on."""
        self.judge.held_from(1, 1, self.at)
        return self

    def ponged(self) -> Story:
        """It gets round to it."""
        self.judge.turned(1, 1, self.at, gave_way=1)
        return self

    def _piece(self, ms: int, segment: Segment) -> Story:
        self.at += ms * MS
        segment.end = self.at
        self.clock.ran[1, 1] += segment.cpu
        self.judge.segment(1, 1, segment)
        return self

    def end(self) -> Observation:
        """Return what was seen: lanes and findings agree."""
        seen = self.judge.finish(self.at)
        assert disagreements(seen, untold_ms=1e9) == []
        return seen


def told(seen: Observation) -> list[tuple[str, str | None, str | None, float]]:
    """Return each finding in short."""
    return [(finding.place, finding.kind, finding.call, finding.total_ms) for finding in seen.findings]


def of_loops(seen: Observation) -> list[Finding]:
    """Return what held a loop; what it turned for in vain did not."""
    places = {"loop-thread", "lock", "gil", "page-fault", "busy-cpu"}
    return [each for each in seen.findings if each.place in places and each.kind != "busy-polling"]


def replay(path: Path, **options: Any) -> Observation:
    """Tell a judge what was recorded of a real run: see `record`."""
    recorded = json.loads(path.read_text())
    views = [_view(each) for each in recorded["views"]]
    clock = _Recorded()
    judge = Judge(recorded["pid"], recorded["began"], clock, threshold_ns=10 * MS, plain_threads=False, **options)
    for name, arguments, keywords in recorded["calls"]:
        if name == "stat":
            pid, tid, *rest = arguments
            clock.stats[pid, tid] = Stat(*rest)
        elif name == "segment":
            pid, tid, segment = arguments
            judge.segment(pid, tid, _segment(segment, views))
        elif name == "names":
            judge.names(arguments[0], {int(tid): each for tid, each in arguments[1].items()})
        else:
            getattr(judge, name)(*arguments, **keywords)
    return judge.finish(recorded["ended"])


class _Recorded(Clock):
    def __init__(self) -> None:
        super().__init__()
        self.stats: dict[tuple[int, int], Stat] = {}

    def stat(self, pid: int, tid: int) -> Stat | None:
        return self.stats.get((pid, tid))


def _segment(packed: dict[str, Any], views: list[View]) -> Segment:
    view = packed.pop("view", None)
    holders = packed.pop("holders", [])
    segment = Segment(**{**packed, "arguments": tuple(packed.get("arguments", ()))})
    segment.view = views[view] if view is not None else None
    for tid, call, site, times in holders:
        segment.holders[tid, call, Site(*site) if site else None] = times
    return segment


def _view(packed: dict[str, Any]) -> View:
    loose = {name: _tuples(value) for name, value in packed.items()}
    return _made(loose | {"site": Site(*loose["site"]) if loose["site"] else None})


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value
