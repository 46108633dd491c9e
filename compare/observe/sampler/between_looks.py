"""When a thread changed what it does, as far as two looks and the kernel's counters tell.

A look comes every millisecond, and much later on a machine that is busy with something else. What is not known then is
not told: a wait lasts no longer than it was seen, or than the thread can have waited beside what it ran.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from compare.observe.judge.segments import Segment

if TYPE_CHECKING:
    from compare.observe.kernel.threads import Times
    from compare.observe.sampler.watched_thread import WatchedThread

MISSED_NS = 10_000_000
"""How long nobody may look at a thread before what it did meanwhile is left untold, if it was given a CPU more than
once: others kept the observer from looking. No thread is left alone for longer by the schedule."""


def by_then(thread: WatchedThread, times: Times, at: int, has_run: int | None) -> Times:
    """A thread's times at a moment that is past: what it noted then, and no longer in line than there was room for.

    A note may be read long after it was written, by a sampler that was given no CPU; the thread went on meanwhile.
    """
    if has_run is None:
        return times
    room = at - _known(thread) - (has_run - thread.times.run_ns)
    delay = min(times.delay_ns - thread.times.delay_ns, max(room, 0))
    return replace(times, run_ns=has_run, delay_ns=thread.times.delay_ns + delay)


def changed_at(thread: WatchedThread, times: Times, now: int, *, waits: bool) -> tuple[int, int]:
    """When a thread went from what it was seen at last to what it is seen at now, and by how much that may be wrong.

    Halfway, unless it stood in line, or was on a CPU for longer: a wait is no longer than what that leaves of the time.
    `waits`: it does now.
    """
    known = _known(thread)
    unseen, busy = now - known, _busy(thread, times)
    if unseen > MISSED_NS and (times.delay_ns - thread.times.delay_ns) * 2 > unseen:  # it stood in line
        return now, unseen
    waited = thread.open is not None and thread.open.kind != "running"
    half = known + unseen // 2
    if busy * 2 > unseen and waited is not waits:
        half = max(now - busy, known) if waited else min(known + busy, now)
    return half, unseen // 2


def _known(thread: WatchedThread) -> int:
    """Until when it is known what a thread did: what a note began, from when that was written, after the last look."""
    return max(thread.seen, thread.open.start) if thread.open is not None else thread.seen


def _busy(thread: WatchedThread, times: Times) -> int:
    """How long it was on a CPU, or in line for one, since it was seen last."""
    return times.run_ns - thread.times.run_ns + times.delay_ns - thread.times.delay_ns


def is_missed(thread: WatchedThread, times: Times, now: int, *, same: bool) -> bool:
    """Whether it is not known what a thread did since it was seen last: it was long ago, and it came and went since.

    One that was on a CPU, or in line for one, for most of the time did nothing else. One that was given a CPU once
    went from what was seen then to what is seen now, but nobody knows when; where that is the `same`, it is no matter.
    """
    unseen, slices = now - thread.seen, times.slices - thread.times.slices
    return unseen > MISSED_NS and slices > same and _busy(thread, times) * 2 < unseen


def seen_until(thread: WatchedThread, changed: int) -> int:
    """Until when a thread did what it was seen at last: a long wait ends where it may have, a short one there."""
    segment = thread.open
    is_long = segment is not None and segment.kind != "running" and thread.seen - segment.start > MISSED_NS
    return changed if is_long else thread.seen


def collected(before: Segment, after: Segment, looks: tuple[int, int], edges: tuple[int, int]) -> tuple[int, int]:
    """When one stretch ended and the next began, as far as is known, if garbage was collected in one of the two.

    A collection lasts for as long as it was seen to: what else ran while nobody looked is no part of it.
    """
    (seen, now), ran = looks, before.kind == after.kind == "running"
    same = (before.collecting is None) is (after.collecting is None)
    if same or not ran or now - seen <= MISSED_NS or edges[0] != edges[1]:
        return edges
    return (seen, seen) if before.collecting is not None else (now, now)


def unseen_since(thread: WatchedThread, times: Times, now: int) -> Segment:
    """What a thread did since it was seen last, of which no more is known than how long it ran."""
    ran, delay = times.run_ns - thread.times.run_ns, times.delay_ns - thread.times.delay_ns
    return closed(Segment(thread.seen, "running", cpu=ran, delay=delay), now)


def closed(segment: Segment, end: int) -> Segment:
    """End a segment, not before it began."""
    segment.end = max(end, segment.start)
    return segment
