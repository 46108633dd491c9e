"""What is made of segments that tell little by themselves: by what stands before and after them."""

from __future__ import annotations

from bisect import bisect_right
from itertools import islice, takewhile
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from compare.observe.judge.segments import Segment
    from compare.results import Site


Place = tuple["Site", tuple[int, int]]
"""A line, and the innermost frame with its own line."""


KERNEL_PER_WAIT = 5
"""How many times as long as it waits in a call at a line it may run in the kernel there, to be taken for that call: a
wait that was read at the wrong line, once, says nothing of what runs there."""


class Joined(Protocol):
    """Clock ticks of what ran between waits in the same call at the same line."""

    user: int
    system: int


def on_cpu(segment: Segment, since: int, until: int) -> int:
    """How long of a segment's part between two moments was on a CPU, spread evenly."""
    part = min(segment.end, until) - max(segment.start, since)
    return max(part, 0) * min(segment.cpu, segment.ns) // segment.ns


def join(thread: Joined, before: Segment | None, ran: Segment, after: Segment) -> None:
    """What runs between two waits in one call at one line, mostly in the kernel, is still that call: so strace counts.

    A read from a disk waits and copies by turns, and a page fault is handled by the CPU that asked for the page.
    """
    if before is not None and before.gil and after.gil:
        # Who waits for the GIL wakes every few milliseconds, to ask for it again.
        if ran.view is None or (after.view is not None and ran.view.frames == after.view.frames):
            ran.kind, ran.call, ran.gil, ran.view, ran.wakes = after.kind, after.call, True, after.view, -1
            ran.holders.update(after.holders)
            ran.kept_at.update(after.kept_at)
            ran.collectors.update(after.collectors)
        return
    same = before is not None and (before.kind, before.call, before.site) == (after.kind, after.call, after.site)
    if not same or after.locks or after.polls or not _near(ran.site, after.site):
        thread.user = thread.system = 0
        return
    thread.user += ran.user
    thread.system += ran.system
    in_kernel = thread.user <= thread.system if thread.user + thread.system else ran.ns * 4 < after.ns
    if in_kernel or (after.kind == "off" and ran.faults):
        ran.kind, ran.call, ran.arguments, ran.target = after.kind, after.call, after.arguments, after.target
        ran.view = after.view
        ran.wakes = -1


def give_to_calls(segments: list[Segment]) -> list[Segment]:
    """What a turn ran in the kernel at a line at which it waits in a call, too, is that call's; returns what was so.

    Between two waits it may have been seen elsewhere, too: writing, and then waiting for the disk, by turns. A thread's
    ticks are few, so they are taken together: all those of one line.
    """
    calls: dict[Place, list[Segment]] = {}
    ran: dict[Place, list[Segment]] = {}
    for segment in segments:
        place = _place(segment)
        if place is None or segment.collecting is not None:
            continue
        if segment.kind == "running" and 2 * segment.delay < segment.ns:
            ran.setdefault(place, []).append(segment)
        elif segment.kind == "call" and not (segment.gil or segment.locks or segment.polls):
            calls.setdefault(place, []).append(segment)
    given: list[Segment] = []
    for place, waits in calls.items():
        there = ran.get(place, [])
        often = KERNEL_PER_WAIT * sum(each.ns for each in waits) >= sum(each.ns for each in there)
        if often and sum(each.system for each in there) > sum(each.user for each in there):
            call = max(waits, key=lambda each: each.ns)
            for each in there:
                each.kind, each.call, each.arguments, each.target = "call", call.call, call.arguments, call.target
                each.wakes = -1
            given += there
    return sorted(given, key=lambda each: each.start)


def _place(segment: Segment) -> Place | None:
    """The line that a thread stands at, and its innermost frame there."""
    view = segment.view
    return (segment.site, view.top) if view is not None and segment.site is not None else None


def _near(one: Site | None, other: Site | None) -> bool:
    """Whether two lines are of one function, as far as is known: a loop's head is at another line than its body."""
    return one is None or other is None or (one.file, one.function) == (other.file, other.function)


def fill_in(segments: list[Segment]) -> None:
    """A wait whose stack could not be read stands where its neighbours stand."""
    known = None
    for segment in [*segments, *reversed(segments)]:
        if segment.view is not None:
            known = segment.view
        elif segment.kind != "running":
            segment.view = known


def longest_call(segments: list[Segment], since: int, until: int) -> int:
    """How long a thread was seen at one place only: Python code moves from line to line, a call of C does not."""
    longest, began, top = 0, since, None
    first = bisect_right(segments, since, key=attrgetter("end"))
    for segment in takewhile(lambda each: each.start < until, islice(segments, first, None)):
        if segment.view is None:
            continue
        if segment.kind != "running" or segment.view.top != top:
            began, top = max(segment.start, since), segment.view.top
        longest = max(longest, min(segment.end, until) - began)
    return longest
