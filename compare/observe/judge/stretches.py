"""What one thread did last, a stretch after the other: what somebody asks who waited for it meanwhile."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compare.observe.judge.ledger import at_line
from compare.observe.kernel import system_calls as syscalls

if TYPE_CHECKING:
    from compare.observe.judge.segments import Segment
    from compare.results import Site

MS = 1_000_000
NEAR_NS = 3 * MS
"""How far apart two threads' changes may be seen that happened at once: the sampler looks once in a millisecond, and
at one thread after the other."""
KEPT = 64
"""How many stretches of each thread are kept: what it did last in a wait is what it did in the most of it."""
NEARLY = 0.8
"""What part of a wait is nearly all of it."""

Doing = tuple[str, str | None, "Site | None"]
"""A stretch's kind, call and line."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    start: int
    end: int
    doing: Doing
    futex: int
    cpu: int
    """How long of it was on a CPU."""
    delay: int
    """How long it stood in line for one: a wait's own is at its end, when the thread was woken."""
    rests: bool
    """Whether it is a loop in its poller, or a thread whose stack tells of no work."""
    loose: int = 0
    """By how much its end may be wrong."""
    unseen: bool = False
    """Whether nobody looked: it is only known that the thread ran now and then."""

    def overlap(self, since: int, until: int) -> int:
        return max(min(self.end, until) - max(self.start, since), 0)

    def ran(self, since: int, until: int) -> int:
        """How long it was on a CPU between two moments, spread evenly."""
        length = self.end - self.start
        return self.overlap(since, until) * min(self.cpu, length) // length

    def starved(self, since: int, until: int) -> int:
        """How long it could run between two moments, and did not."""
        if self.unseen:
            return self.overlap(since, until) * min(self.delay, self.end - self.start) // (self.end - self.start)
        if self.doing[0] != "running":
            return max(min(self.end, until) - max(self.start, self.end - self.delay, since), 0)
        return self.overlap(since, until) * max(self.end - self.start - self.cpu, 0) // (self.end - self.start)


class Stretches:
    """The last that are known of a thread; moments and times are in nanoseconds."""

    def __init__(self) -> None:
        """Begin with none."""
        self._last: deque[_Stretch] = deque(maxlen=KEPT)

    def add(self, segment: Segment) -> None:
        """Take one of which it is known what the thread did."""
        doing = (segment.kind, segment.call, segment.site)
        rests = segment.view is None or segment.view.own or not segment.view.mine
        self._last.append(
            _Stretch(
                segment.start, segment.end, doing, futex(segment), segment.cpu, segment.delay, rests, segment.loose
            )
        )

    def add_unseen(self, segment: Segment) -> None:
        """Take one in which nobody looked: it ran now and then, and may have let go of a lock."""
        ran = ("running", None, None)
        self._last.append(
            _Stretch(segment.start, segment.end, ran, 0, segment.cpu, segment.delay, rests=True, unseen=True)
        )

    @property
    def end(self) -> int | None:
        """When the last one ended; `None` where there is none."""
        return self._last[-1].end if self._last else None

    def starved(self, since: int, until: int) -> int:
        """Return how long the thread could run between two moments, and was given no CPU."""
        return sum(each.starved(since, until) for each in self._last)

    def ran(self, since: int, until: int) -> int:
        """Return how long the thread was on a CPU between two moments."""
        return sum(each.ran(since, until) for each in self._last)

    def works(self, since: int, until: int) -> bool:
        """Whether it was at some work for most of a time."""
        return 2 * sum(each.overlap(since, until) for each in self._last if not each.rests) > until - since

    def waits_too(self, word: int, since: int, until: int) -> bool:
        """Whether it waits for a lock, too, at the end of a wait or nearly all the while; else it may have had it."""
        same = [each for each in self._last if each.futex == word] if word else []
        waited = sum(each.overlap(since, until) for each in same)
        return waited > NEARLY * (until - since) or any(each.start < until <= each.end for each in same)

    def is_awake(self, at: int, loose: int = 0) -> bool:
        """Whether it ran at a moment, or came from one wait to the next: it ran between them.

        `loose`: by how much the moment may be wrong.
        """
        near = NEAR_NS + loose
        return self.waited_until(at, loose) > 0 or any(
            each.doing[0] == "running" and each.overlap(at - near, at + near) for each in self._last
        )

    def waited_until(self, at: int, loose: int = 0) -> int:
        """Return how long it had waited when it woke at a moment; 0 where it did not wake then."""
        lasted, before = 0, None
        near = NEAR_NS + loose
        for each in self._last:
            if each.unseen and before is not None and each.start <= before.end and each.overlap(at - near, at + near):
                lasted = max(lasted, before.end - before.start)  # it woke somewhere in that time
            if each.doing[0] != "running":
                before = each
                if abs(each.end - at) <= near + each.loose:
                    lasted = max(lasted, each.end - each.start)
        return lasted

    def mostly(self, since: int, until: int) -> Doing | None:
        """Return what it did for most of a time; `None` where nobody looked at it then."""
        doing: Counter[Doing] = Counter()
        for each in self._last:
            if not each.unseen:
                doing[each.doing] += each.overlap(since, until)
        return doing.most_common(1)[0][0] if doing.total() else None


def futex(segment: Segment) -> int:
    """Return the address of the word that a thread waits at; 0 where it waits for no lock of a thread's."""
    return segment.arguments[0] if segment.locks and segment.call == "futex" and segment.arguments else 0


def does(doing: Doing) -> str:
    """Say what a thread does, after its name."""
    kind, call, site = doing
    if kind == "running":
        return f"computes{at_line(site)} meanwhile"
    if kind == "off":
        return f"waits for a page{at_line(site)} meanwhile"
    return f"{'sleeps' if call in syscalls.SLEEPS else 'waits'} in {call}{at_line(site)} meanwhile"
