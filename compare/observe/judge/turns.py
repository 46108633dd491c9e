"""A loop's turns: a turn begins when the loop leaves its poller, and ends when it is back.

That it was back is seen from outside, or proved by a ping that it got round to. How long a turn held the loop is told
only as far as that is proved.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from compare.observe.judge.joined import fill_in, give_to_calls, longest_call
from compare.results import LoopHold

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.observe.judge.segments import Segment
    from compare.observe.judge.threads import Thread

MS = 1_000_000
UNPROVEN_NS = 30 * MS
"""A loop that can't be pinged is seen in its poller only while it waits there. The sampler looks once in a millisecond,
and a loop under load waits for less than a tenth of that: to be missed there thirty times in a row is unlikely then."""
PING_DELAY_NS = 8 * MS
"""From when a loop was last seen in its poller to when a ping is in its line, where Python computes all the while:
2.5 ms until it is pinged (`PING_AFTER_NS`), CPython's switch interval of 5 ms until the agent has the GIL, and a look.
"""
NEARLY = 0.8
"""What part of the threshold must be proved: a ping goes into the line up to 2.5 ms after a turn's begin, so of a turn
of 10 ms no more than 7.5 ms can be. The rest is seen, and is in the loop's own thread."""

LATEST = 4096
"""How many short holds are kept in mind: more turns than a loop can be seen to make in the ledger's second."""


@dataclass(slots=True)
class Hold:
    """How long a turn held the loop, and whether that counts: because it is long, or because something in it does."""

    ns: int = 0
    counts: bool = False

    def count(self) -> None:
        """What was found in it counts."""
        self.counts = True


@dataclass(slots=True)
class Turn:
    """A turn that has ended; times in nanoseconds.

    Attributes:
        thread: the loop's.
        segments: what it did, in order.
        until: when it ended, as far as that is proved.
        proven: from when on it is proved that the loop did not come round; 0 where nothing proves it.
        held: how long it held the loop, as far as that is proved: until its end.
        ran: for how long its thread was on a CPU in the time that is proved; `None` where only looks tell that.
        waited: how much of it was spent waiting.
        given: what it ran for a call that it waited in, too.
        hold: what is told of it, if that counts.
    """

    thread: Thread
    segments: list[Segment]
    until: int
    proven: int
    held: int
    waited: int
    ran: int | None = None
    given: list[Segment] = field(default_factory=list)
    hold: Hold = field(default_factory=Hold)

    @property
    def is_proven(self) -> bool:
        """Whether a ping, or the GIL, has proved that it was one turn."""
        return bool(self.proven)

    def leave_out_imports(self, *, of_others: bool) -> None:
        """Judge the turn as if no module had been imported in it; `of_others`: nor waited for in another thread."""
        counted = [
            segment
            for segment in self.segments
            if segment.view is None or not segment.view.imports or (segment.awaits_import and not of_others)
        ]
        self.held -= sum(segment.ns for segment in self.segments) - sum(segment.ns for segment in counted)
        self.segments = counted
        self.waited = sum(segment.ns for segment in counted if segment.kind != "running")
        self.held = max(self.held, self.waited)


class Proof(NamedTuple):
    """From when to when it is proved that a loop did not come round; nanoseconds.

    `ran`: for how long its thread was on a CPU meanwhile; `None` where only looks tell that.
    """

    since: int
    until: int
    ran: int | None = None


class Turns:
    """The turns of the loop in one thread."""

    __slots__ = ("_kept", "_proves", "_seen", "in_line", "pinged", "segments", "since", "thread")

    def __init__(self, thread: Thread, threshold_ns: int) -> None:
        """Outside of any turn."""
        self.thread = thread
        self._proves = NEARLY * threshold_ns
        self.pinged = False
        """Whether the loop answers pings."""
        self.in_line: int | None = None
        """Since when a ping is in the loop's line, which proves that it has not come round."""
        self._kept: list[tuple[int, int]] = []
        """From when to when its thread kept the GIL: that proves it where it is in one call of C all the while."""
        self._seen: tuple[int, int] | None = None
        """When it began, by the loop's own time, and until when it was seen to go on."""
        self.since: int | None = None
        """When it was seen to begin; `None` outside of a loop."""
        self.segments: list[Segment] = []

    def forget(self) -> None:
        """What has been seen was no turn."""
        self.segments, self._kept = [], []
        self.since = self.in_line = self._seen = None

    def keeps_the_gil(self, since: int, until: int) -> None:
        """Its thread was seen to keep the GIL for so long: told again while it does, and each time anew."""
        if self.since is None:
            return
        since = max(since, self.since)
        if self._kept:
            began, ended = self._kept[-1]
            if since <= ended:
                since, until = min(since, began), max(until, ended)
            if since <= ended or ended - began < self._proves:
                self._kept.pop()  # the same, or too short to prove anything
        self._kept.append((since, until))

    def goes_on(self, since: int, until: int) -> None:
        """By the loop's own time its turn began then, and goes on; what counts is the longest time."""
        if self._seen is None or until - since > self._seen[1] - self._seen[0]:
            self._seen = max(since, self.since or since), until

    def end(self, at: int, came_back: Callable[[], bool] | None = None, *, ran: int | None = None) -> Turn | None:
        """End the turn; `None` where there was none.

        Args:
            at: when.
            came_back: says whether the loop may have been at its poller meanwhile, unseen.
            ran: for how long its thread was on a CPU since a ping is in the loop's line, where that is known.
        """
        segments, self.segments = self.segments, []
        kept, self._kept = self._kept, []
        in_line, seen = self.in_line, self._seen
        self.in_line = self._seen = None
        if self.since is None or not segments:
            return None
        fill_in(segments)
        given = give_to_calls(segments)
        proofs = [Proof(in_line, at, ran)] if in_line is not None else []
        proofs += [Proof(*each) for each in kept if longest_call(segments, *each) >= self._proves]
        proof = _merged(proofs if seen is None else [*proofs, Proof(*seen)])
        waited = sum(segment.ns for segment in segments if segment.kind != "running")
        if proof is not None and seen is not None and proof.since == seen[0]:
            self.since = proof.since  # exactly
        held, until = self._held(proof, at, came_back), proof.until if proof is not None else at
        if held < waited:
            held, until = waited, at
        since, ran = (proof.since, proof.ran) if proof is not None else (0, None)
        return Turn(self.thread, segments, until, since, held, waited, ran, given)

    def so_far(self, now: int) -> int:
        """Return how long the turn that goes on has held the loop, as far as that is proved."""
        if self.since is None:
            return 0
        return self._held(Proof(self.in_line, now) if self.in_line is not None else None, now, None)

    def _held(self, proof: Proof | None, at: int, came_back: Callable[[], bool] | None) -> int:
        """How long this turn took, as far as that is proved: by a ping in the loop's line, or by the GIL."""
        since = self.since or at
        if self.pinged:
            if proof is None or proof.until - proof.since < self._proves:
                return 0
            return proof.until - (since if proof.since - since < 2 * PING_DELAY_NS else proof.since)
        if at - since < UNPROVEN_NS or (came_back is not None and came_back()):
            return 0
        return at - since


def _merged(proofs: list[Proof]) -> Proof | None:
    """What several proofs say together: those that follow one another closely are of one turn, else the longest.

    Once the agent gets the GIL a ping is put in line; where it was given no CPU for a while, the loop may have turned
    meanwhile.
    """
    merged: list[Proof] = []
    for each in sorted(proofs, key=lambda each: each.since):
        last = merged[-1] if merged else None
        if last is None or each.since - last.until > PING_DELAY_NS:
            merged.append(each)
        elif each.until > last.until:
            merged[-1] = Proof(last.since, each.until, each.ran if each.since == last.since else None)
    return max(merged, key=lambda each: each.until - each.since, default=None)


class Holds:
    """How long loops were kept from their pollers: every turn over the threshold, and those with something to tell."""

    def __init__(self, threshold_ns: int) -> None:
        """No loop has been seen yet."""
        self._threshold = threshold_ns
        self._holds: list[Hold] = []
        self._latest = 0
        self._count = self._total = self._longest = 0
        """Of those that count and are of long ago."""
        self.saw_loop = False

    def add(self, ns: int, hold: Hold | None = None) -> None:
        """A loop was held for so long; `hold` counts later, too, where something in it does."""
        hold = hold or Hold()
        hold.ns, hold.counts = ns, hold.counts or ns >= self._threshold
        if hold.ns:
            self._holds.append(hold)
        if len(self._holds) > 2 * self._latest + LATEST:
            self._tidy()

    def _tidy(self) -> None:
        """Add up those of long ago: what is in a window still, and may count later, is among the latest."""
        old, self._holds = self._holds[:-LATEST], self._holds[-LATEST:]
        held = [hold.ns for hold in old if hold.counts]
        self._count += len(held)
        self._total += sum(held)
        self._longest = max(self._longest, *held, 0)
        self._latest = len(self._holds)

    def told(self) -> LoopHold | None:
        """Return what is to be told; `None` where there was no loop."""
        if not self.saw_loop:
            return None
        held = [hold.ns for hold in self._holds if hold.counts]
        count, total = self._count + len(held), self._total + sum(held)
        return LoopHold(count, max(self._longest, *held, 0) / MS, total / MS)
