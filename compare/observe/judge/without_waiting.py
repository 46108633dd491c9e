"""A streak: a stretch in which a thread turns without waiting, and how it is told from work.

A thread that never waits may well be at work. A loop turns for nothing when most of its time goes to its own code, and
nearly all the rest to one task. A loop by hand is known by the kernel's share: it asks again and again for what is not
there, moves no data, and has no files that come and go.

The shares below tell the programs of `tests/observe/programs` that begin with `busy_` from those that begin with
`clean_`, `cpu_` and `backlog_`: `python -m tests.observe.trial busy_ clean_ cpu_ backlog_` is the experiment to make
again after a change of them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from compare.observe.interpreter.views import fuller

if TYPE_CHECKING:
    from compare.observe.interpreter.views import View
    from compare.observe.judge.segments import Segment
    from compare.observe.kernel.threads import Stat
    from compare.results import Site

MOSTLY_TURNS = 0.3
"""The loop's (or the async library's) own share of a streak, from which on it turns rather than works."""
MOSTLY_ONE = 0.7
"""One task's share of what is not the loop's own."""
LEAST_STEPS = 4
"""How often a task must have been seen at its steps: it may be there for a small part of the time."""
SURE_STEPS = 12
"""How often it must have been seen for a share to say anything: of fewer sightings, all must be of the one task. Two
tasks that take turns, seen six times, are seen as one for 0.7 of the time or more in every fifth run."""
LEAST_PINGS = 10
OFTEN = 0.4
"""In what part of the turns that a ping proved the same task must have given way."""
LEAST_SEEN = 0.1
"""Of how much of a streak it must be known what ran: less says nothing of shares."""
SERVES = 0.35
"""The kernel's share of a loop that serves sockets as fast as it can: it never waits, and yet it works."""
MOVED_BYTES = 1 << 16
"""A thread that reads or writes as much as this is not polling."""
ASKS = 0.2
"""In what part of the looks a loop by hand has a socket or a pipe at hand: 0.5 to 1.0 of them is usual."""
MOST_TRANSFERS = 1_000
"""A thread that reads as often as this, a second, and gets next to nothing, asks for what is not there."""
MOST_ASTRAY = 10
"""How many times as often as the inner line an outer one may be seen, by mistake: 0.7 to 2.3 times on trio, 3.11."""
ASTRAY_NS = 10_000_000
"""For so long a stack may seem to be outside of the loop: it was read while it changed."""
SECOND_NS = 1_000_000_000
MOST_WAITS = 100
"""A loop by hand that waits as often as this, a second, however shortly, does wait: it is only never idle."""
MOST_FAULTS = 500
"""A thread that takes new memory (or forks) as often as this, a second, is not polling."""
SERVED_PACKETS = 5_000
"""Where a loop has been seen to wait, and there are as many packets a second, it is taken to serve them."""
LASTS_NS = 10_000_000
"""How long a stretch goes on before packets are counted: a loop under load has a hundred a second that do not."""
LOOK_NS = 100_000_000
"""How often it is asked what sockets and pipes there are."""
FILES_NS, LOOKS = 10_000_000, 4
"""How often it is asked what files there are, and how many times then: one that is opened and closed again is there
now and then."""
LEAST_ASKED = 4
"""How often it must have been asked: on a machine that does much else, a thread does nothing between two looks."""
MOST_BETWEEN_NS = 10_000_000
"""A loop that hands work to a thread as often as this waits for that, however shortly: it turns for its hops."""
BUSY = 0.8
"""A thread that turns is on a CPU, or in line for one, for nearly all of its time; the rest is what a look misses."""
IN_KERNEL = {"nonblocking": 0.12, "blocking": 0.3}
"""The kernel's least share of a loop by hand, by the sockets and pipes that there are."""

IN_DOUBT_TICKS = 2
"""So many more of a thread's ticks may have been the kernel's: it is charged what it runs at the moment of each."""


class Probe(Protocol):
    """What the judge may ask of a thread while it is there."""

    def stat(self, pid: int, tid: int) -> Stat | None:
        """Return its counters."""

    def streams(self, pid: int) -> Literal["nonblocking", "blocking"] | None:
        """Say what sockets and pipes the process has, beside the standard streams."""

    def files(self, pid: int) -> frozenset[str]:
        """Return the files and folders that the process has open."""

    def transferred(self, pid: int, tid: int) -> tuple[int, int] | None:
        """Return how many bytes it has read and written, and in how many calls."""

    def waits(self, pid: int, tid: int) -> int:
        """Return how often it has waited."""

    def packets(self, pid: int) -> int:
        """Return how many packets its network has moved, for whomever."""


@dataclass(slots=True)
class Streak:
    """A stretch in which a thread ran without ever being seen to wait; times in nanoseconds, shares by time on a CPU.

    Attributes:
        loop: whether an event loop turns in it.
        busy: on a CPU, or in line for one.
        astray: how long the last stacks seemed to be elsewhere.
        own, other: the loop's own code, and what it runs.
        tasks, sites, steps: what it runs: by task, by line, and how often it was seen.
        views: the stack that was seen last at each of these, one that tells its task before others.
        below: which lines were on the stack below each of these, and how often.
        pings, gave_way: how many turns were proved, and which task gave way in how many of them.
        streams: the sockets and pipes that are there, where the thread may be a loop by hand.
        files: the files and folders that were open, each time that one looked.
        looked, files_looked: when they were looked for; until when files are not.
        files_asked: how often files were looked for.
        waited, waits: how often the thread had waited at the beginning, and has since.
        transferred_before, transferred: bytes that the thread had read and written at the beginning and has now, and
            in how many calls, those too that moved nothing.
        asks: how often it was seen to have a socket or a pipe at hand, of those times.
        asked: when its counters were asked for first.
        packets, counted: what the network had moved once it had lasted, and when that was.
        handed_over: how many pieces of work the loop handed to threads.
        told_ns: how much of it other causes are told of.
        first, latest: its counters.
    """

    loop: bool = False
    since: int = 0
    last: int = 0
    astray: int = 0
    own: int = 0
    other: int = 0
    busy: int = 0
    tasks: Counter[tuple[int, ...]] = field(default_factory=Counter)
    sites: Counter[Site | None] = field(default_factory=Counter)
    views: dict[Site | None, View] = field(default_factory=dict)
    below: dict[Site | None, Counter[tuple[str, int]]] = field(default_factory=dict)
    steps: int = 0
    pings: int = 0
    gave_way: Counter[int] = field(default_factory=Counter)
    streams: Literal["nonblocking", "blocking"] | None = None
    files: set[frozenset[str]] = field(default_factory=set)
    looked: int = 0
    files_looked: int = 0
    files_asked: int = 0
    transferred_before: tuple[int, int] | None = None
    transferred: tuple[int, int] | None = None
    asks: int = 0
    asked: int = 0
    packets: int = 0
    counted: int = 0
    waited: int = 0
    waits: int = 0
    handed_over: int = 0
    told_ns: int = 0
    first: Stat | None = None
    latest: Stat | None = None

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was counted in."""
        counts = self.since, self.pings, self.handed_over, self.told_ns, self.astray
        return not any(counts) and self.first is None

    @property
    def ns(self) -> int:
        """Its length."""
        return self.last - self.since

    @property
    def site(self) -> Site | None:
        """Where it was seen most: of lines that wait for one another, at the innermost.

        Between two steps a task's coroutines are read while they change, and an outer one's line is all that is seen,
        or, once in a while, the inner one's as if it were below it.
        """
        if not self.sites:
            return None
        site, most = self.sites.most_common(1)[0]
        for other, seen in self.sites.most_common():
            if site and other and seen * MOST_ASTRAY >= most and self._waits_for(site, other):
                site = other
        return site

    def _waits_for(self, outer: Site, inner: Site) -> bool:
        """Whether one line stood below the other, more often than it was seen the other way round."""
        return self.below[inner][outer.function, outer.line] > self.below[outer][inner.function, inner.line]

    def turned(self, gave_way: int) -> None:
        """Count a turn in that a ping has proved, and the task that gave way in it."""
        self.pings += 1
        if gave_way:
            self.gave_way[gave_way] += 1

    @property
    def one_gives_way(self) -> bool:
        """Whether the same task gave way, and stood in line again at once, often enough when one looked."""
        if self.pings < LEAST_PINGS or not self.gave_way:
            return False
        return self.gave_way.most_common(1)[0][1] >= OFTEN * self.pings

    def pass_over(self, segment: Segment) -> None:
        """Count a stretch in of which it is not known what ran."""
        self.last = segment.end
        self.astray += segment.ns
        self.busy += segment.cpu + segment.delay

    def take(self, segment: Segment) -> None:
        """Count one more stretch in."""
        view = segment.view
        self.astray = 0 if view is not None else self.astray
        self.since = self.since or segment.start
        self.last = segment.end
        self.busy += segment.cpu + segment.delay
        if segment.kind != "running":
            self.told_ns += segment.ns
            return
        if view is None:
            return
        on_cpu = min(segment.cpu, segment.ns)
        if segment.collecting is not None:
            self.other += on_cpu
            return
        if view.own or view.library or (not view.mine and view.site is None):
            self.own += on_cpu
        else:
            self.other += on_cpu
        if view.mine and not view.own:
            if view.task:
                self.tasks[view.task] += on_cpu
            self.sites[view.site] += on_cpu
            self.views[view.site] = fuller(view, self.views.get(view.site))
            self.below.setdefault(view.site, Counter()).update(_below(view))
            self.steps += segment.looks
            self.asks += segment.asks

    def ask(self, probe: Probe, key: tuple[int, int], at: int, *, by_hand: bool) -> Stat | None:
        """Return the thread's counters while it is there; `by_hand`: it may be a loop that nobody else told of."""
        stat = probe.stat(*key)
        if stat is None:
            return None
        if self.first is None:
            self.first, self.asked = stat, at
            if by_hand:
                self.transferred_before, self.waited = probe.transferred(*key), probe.waits(*key)
        # Threads that are neither are never judged by it.
        if not self.counted and (by_hand or (self.loop and at - self.asked >= LASTS_NS)):
            self.packets, self.counted = probe.packets(key[0]), at
        if by_hand and at > self.looked:
            self.streams, self.looked = probe.streams(key[0]) or self.streams, at + LOOK_NS
            self.waits = probe.waits(*key) - self.waited
            self.transferred = probe.transferred(*key) or self.transferred
        if by_hand and self.streams is not None and at > self.files_looked:
            self.files.update(probe.files(key[0]) for _ in range(LOOKS))
            self.files_looked, self.files_asked = at + FILES_NS, self.files_asked + 1
        return stat

    def is_polling(self, probe: Probe, key: tuple[int, int], *, waits_when_idle: bool) -> bool:
        """Whether it turned for nothing; `waits_when_idle`: it was seen to wait for what comes, before."""
        if self.busy < BUSY * self.ns or not self.sites or self.first is None or self.latest is None:
            return False
        if self.handed_over * MOST_BETWEEN_NS >= self.ns:
            return False
        user = self.latest.user_ticks - self.first.user_ticks
        system = self.latest.system_ticks - self.first.system_ticks
        in_kernel = system / (user + system) if user + system else 0.0
        serves = waits_when_idle and self._packets_a_second(probe, key[0]) > SERVED_PACKETS
        if self.loop:
            return in_kernel < SERVES and self._turns_for_nothing(serves=serves)
        works_on_files = len(self.files) > 1 or self.files_asked < LEAST_ASKED
        moved, calls = self._moved()
        asks = self.asks > ASKS * self.steps or self._a_second(calls) > MOST_TRANSFERS
        if serves or works_on_files or moved >= MOVED_BYTES or self.streams is None or not asks:
            return False
        faults = self.latest.minor_faults - self.first.minor_faults
        if self._a_second(self.waits) > MOST_WAITS or self._a_second(faults) > MOST_FAULTS:
            return False
        return in_kernel + IN_DOUBT_TICKS / max(user + system, 1) >= IN_KERNEL[self.streams]

    def _moved(self) -> tuple[int, int]:
        """Return how many bytes were read and written in this stretch, as far as it was looked up, and how often."""
        if self.transferred is None or self.transferred_before is None:
            return 0, 0
        return self.transferred[0] - self.transferred_before[0], self.transferred[1] - self.transferred_before[1]

    def _packets_a_second(self, probe: Probe, pid: int) -> float:
        if not self.counted:
            return 0.0
        return (probe.packets(pid) - self.packets) * SECOND_NS / max(self.last - self.counted, LASTS_NS)

    def _a_second(self, count: int) -> float:
        return count * SECOND_NS / max(self.ns, 1)

    def _turns_for_nothing(self, *, serves: bool) -> bool:
        """Whether most of the loop's time is its own, and the rest one task's; `serves`: there may be a reason."""
        turns = self.own / max(self.own + self.other, 1)
        if turns < MOSTLY_TURNS or self.one_gives_way:
            return turns >= MOSTLY_TURNS
        if serves:
            return False
        known = self.tasks if any(self.tasks.values()) else self.sites
        one = max(known.values()) / max(sum(known.values()), 1)
        seen_enough = self.steps >= LEAST_STEPS and self.own + self.other >= LEAST_SEEN * self.ns
        return seen_enough and one >= (MOSTLY_ONE if self.steps >= SURE_STEPS else 1.0)


def _below(view: View) -> set[tuple[str, int]]:
    """The lines on whose behalf a view's line is run, each with its function."""
    lines = [(frame.code.qualname, frame.line) for frame in view.stack]
    own = (view.site.function, view.site.line) if view.site else None
    return set(lines[lines.index(own) + 1 :]) if own in lines else set()
