"""Judges what the sampler saw: who waited where, and whether it was allowed to.

An event loop is judged turn by turn. A turn begins when the loop leaves its poller and ends when it is back: seen
there from outside, or proved by a ping that it got round to. What the thread waited in meanwhile is a finding by its
nature: any call that is not the loop's own poller. What it computed is one when a single callback took longer than
the threshold; many short ones are a backlog, for which no line is to blame.

A thread of a pool may wait, and is told as a `worker-thread`; one that waits for work in its pool's own code is idle.
Other threads may wait wherever they like, unless a hand-written loop turns in them: a poller that is waited in again
and again from one frame, with waits elsewhere above that frame in between.
"""

from __future__ import annotations

import linecache
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from compare.observe.judge.busy_polling import ASTRAY_NS, Streak
from compare.observe.judge.joined import fill_in, join, longest_call, on_cpu
from compare.observe.judge.lanes import Lanes
from compare.observe.kernel import system_calls as syscalls
from compare.results import LOOP_PLACES, Finding, LoopHold, Observation, Place, Role, Site

if TYPE_CHECKING:
    from compare.observe.judge.busy_polling import Probe
    from compare.observe.judge.segments import Segment, Work

MS = 1_000_000
UNPROVEN_NS = 30 * MS
"""A loop that can't be pinged is seen in its poller only while it waits there: its turns are known less exactly."""
PING_DELAY_NS = 8 * MS
"""From when a loop was last seen in its poller to when a ping is in its line, where Python computes all the while."""
SHORT_WAITS = 3
"""How often a loop by hand may have waited within what looks like one turn of its."""
STREAK_NS = 100 * MS
"""How long a thread turns without waiting before that is busy polling."""
MOST_WAITS = 200
LINE_NS = MS
"""A wait in a pool's line that is shorter is the time it takes to start a thread."""


Key = tuple[Place, str | None, tuple[int, int], str | None, Site | None]


@dataclass(slots=True)
class _Entry:
    count: int = 0
    total: int = 0
    longest: int = 0
    targets: dict[str, None] = field(default_factory=dict)
    name: str | None = None
    role: Role | None = None


@dataclass(slots=True)
class _Thread:
    key: tuple[int, int]
    loop: bool = False
    worker: bool = False
    pinged: bool = False
    """Whether its loop answers pings."""
    in_line: int | None = None
    """Since when a ping is in the loop's line, which proves that it has not come round."""
    kept: int | None = None
    """Since when its thread has kept the GIL: that proves it where the thread is in one call of C all the while."""
    since: int | None = None
    """When the loop's current turn began; `None` outside of a loop."""
    turn: list[Segment] = field(default_factory=list)
    anchor: int = 0
    """The frame that a hand-written loop polls from."""
    poll_line: int = 0
    waits_before: int = 0
    """How often it had waited when it left its poller last."""
    polls: int = 0
    visits: Counter[Site | None] = field(default_factory=Counter)
    """How often it waited for work, and where: a worker by hand comes back to one line."""
    waits: list[Segment] = field(default_factory=list)
    """What else it waited for, until it is known whether it is one."""
    streak: Streak = field(default_factory=Streak)
    waits_when_idle: bool = False
    """Whether it was seen to wait for a connection or for data: a loop that polls does not."""
    waited: Segment | None = None
    """The wait that was seen last, if nothing but running was seen since."""
    pending: Segment | None = None
    """What ran since, until it is known what comes next."""
    user: int = 0
    system: int = 0
    """Clock ticks of what ran between waits in the same call at the same line."""


class Judge:
    """Takes segments in, gives an `Observation` out. Times are nanoseconds on `CLOCK_MONOTONIC`."""

    def __init__(self, pid: int, began: int, probe: Probe, *, threshold_ns: int, plain_threads: bool) -> None:
        """Judge process `pid`; `probe` tells of a thread what no segment does."""
        self._pid, self._began, self._probe = pid, began, probe
        self._threshold, self._plain = threshold_ns, plain_threads
        self._threads: dict[tuple[int, int], _Thread] = {}
        self._names: dict[tuple[int, int], str] = {(pid, pid): "MainThread"}
        self._children: dict[int, str] = {}
        self._ledger: dict[Key, _Entry] = {}
        self._lanes = Lanes(began)
        self._stalls: list[int] = []
        self._saw_loop = False
        self._most_threads = 0
        self._pools: dict[int, set[tuple[int, int]]] = {}
        self._missing: dict[str, None] = {}

    # --- what the sampler tells ------------------------------------------------------------------------------

    def segment(self, pid: int, tid: int, segment: Segment) -> None:
        """Take one stretch of a thread's time, in order."""
        if segment.end <= segment.start:
            return
        thread = self._thread(pid, tid)
        if segment.kind == "running" and thread.waited is not None and thread.pending is None:
            thread.pending = segment
            return
        pending, before = thread.pending, thread.waited
        if pending is not None:
            thread.pending = None
            if segment.kind != "running":
                join(thread, before, pending, segment)
            self._take(thread, pending)
        thread.waited = segment if segment.kind != "running" and not segment.polls else None
        self._take(thread, segment)

    def _flush(self, thread: _Thread) -> None:
        pending, thread.pending, thread.waited = thread.pending, None, None
        if pending is not None:
            self._take(thread, pending)

    def _take(self, thread: _Thread, segment: Segment) -> None:
        view = segment.view
        if view is not None and view.loop:
            thread.loop = self._saw_loop = True
        if (view is not None and view.pool) or segment.work is not None:
            thread.worker = True
        self._lanes.add(thread.key, segment, self._state(thread, segment))
        self._count_streak(thread, segment)
        if thread.loop and not (thread.worker and view is not None and not view.loop):
            self._in_loop(thread, segment)
        elif thread.worker:
            self._in_pool(thread, segment)
        else:
            self._elsewhere(thread, segment)

    def held_from(self, pid: int, tid: int, at: int, *, in_one_call: bool = False) -> None:
        """From here on a ping stands in the loop's line, or the loop's thread keeps the GIL in one call."""
        thread = self._thread(pid, tid)
        if thread.since is None:
            return
        if in_one_call:
            thread.kept = thread.kept or max(at, thread.since)
        else:
            thread.in_line = thread.in_line or max(at, thread.since)

    def let_go(self, pid: int, tid: int, at: int) -> None:
        """It was not one call: the loop's thread has let go of the GIL meanwhile, so what was short is no proof."""
        thread = self._thread(pid, tid)
        if thread.kept is not None and at - thread.kept < self._threshold:
            thread.kept = None

    def turned(self, pid: int, tid: int, at: int, *, gave_way: int = 0) -> None:
        """A loop got round to a ping: a turn of its ended here; `gave_way`: the task that gave way in it, if any."""
        thread = self._thread(pid, tid)
        thread.streak.turned(gave_way)
        self._flush(thread)
        if thread.loop:
            self._end_turn(thread, at)
            thread.since = at

    def loop_runs(self, pid: int, tid: int, at: int) -> None:
        """An event loop begins to run in this thread."""
        thread = self._thread(pid, tid)
        self._flush(thread)
        thread.loop = thread.pinged = self._saw_loop = True
        thread.turn.clear()
        thread.since, thread.in_line, thread.kept = at, None, None

    def loop_ends(self, pid: int, tid: int, at: int) -> None:
        """It no longer runs."""
        thread = self._thread(pid, tid)
        self._flush(thread)
        self._end_turn(thread, at)
        thread.since = None

    def late(self, ns: int) -> None:
        """A ping was so long in a loop's line; what it waited for can't be seen."""
        self._saw_loop = True
        if ns >= self._threshold:
            self._stalls.append(ns)

    def is_loop(self, pid: int, tid: int) -> bool:
        """Whether a loop turns in this thread, as far as is known."""
        thread = self._threads.get((pid, tid))
        return thread is not None and (thread.loop or thread.polls >= 2)

    def is_worker(self, pid: int, tid: int) -> None:
        """This thread does a pool's work."""
        self._thread(pid, tid).worker = True

    def waited(self, pid: int, work: Work, until: int) -> None:
        """Work was in line until now, when it was begun or given up."""
        if work.tid and not self._thread(pid, work.tid).loop:
            self._pools.setdefault(work.pool, set()).add((pid, work.tid))
        ns = until - work.asked
        if ns < LINE_NS or not work.size or work.free:
            return
        entry = self._enter("pool-queue", None, (pid, -work.pool), None, work.site, ns)
        entry.name, entry.role = f"pool of {work.size}", "worker"
        self._lanes.in_line(work.pool, work.asked, until, work.site)

    def stopped(self, pid: int, since: int, until: int) -> None:
        """The whole process was stopped by a signal."""
        self._lanes.stopped(pid, since, until)
        if until - since >= self._threshold and self._saw_loop:
            entry = self._enter("kernel", "stopped", (pid, pid), None, None, until - since)
            entry.targets["a signal stopped the process"] = None

    def thread_ends(self, pid: int, tid: int, at: int) -> None:
        """A thread has ended."""
        thread = self._threads.get((pid, tid))
        if thread is not None:
            self._flush(thread)
            self._end_turn(thread, at)
            thread.since = None
            self._end_streak(thread)

    def hide(self, pid: int, tid: int) -> None:
        """This thread is the observer's own."""
        self._threads.pop((pid, tid), None)
        self._lanes.drop((pid, tid))

    def most_threads(self, count: int) -> None:
        """So many threads were there at once."""
        self._most_threads = max(self._most_threads, count)

    def names(self, pid: int, names: dict[int, str]) -> None:
        """The threads' names, as the program gave them."""
        for tid, name in names.items():
            self._names[pid, tid] = name

    def child(self, pid: int, name: str) -> None:
        """A child process is watched too."""
        self._children[pid] = f"{name} {pid}"

    def miss(self, sentence: str) -> None:
        """Something could not be seen."""
        self._missing[sentence] = None

    # --- loops ------------------------------------------------------------------------------------------------

    def _in_loop(self, thread: _Thread, segment: Segment) -> None:
        view = segment.view
        if segment.polls:
            self._end_turn(thread, segment.start)
            thread.since = segment.end
        elif view is not None and not view.loop:  # between two runs of the loop, or before the first
            self._end_turn(thread, segment.start)
            thread.since = None
        elif thread.since is not None or view is not None:
            if thread.since is None:
                thread.since = segment.start
            thread.turn.append(segment)

    def _end_turn(self, thread: _Thread, at: int) -> None:
        segments, thread.turn = thread.turn, []
        proven, kept, thread.in_line, thread.kept = thread.in_line, thread.kept, None, None
        if thread.since is None or not segments:
            return
        fill_in(segments)
        if kept is not None and longest_call(segments, kept) >= 0.8 * self._threshold:
            proven = min(kept, proven or kept)
        waited = 0
        for segment in segments:
            if segment.kind != "running":
                self._wait(thread, segment)
                waited += segment.ns
        held = max(self._held(thread, proven, at), waited)
        if held < self._threshold:
            return
        self._stalls.append(held)
        ran = [segment for segment in segments if segment.kind == "running" and segment.end > at - held]
        delayed = sum(segment.delay for segment in ran)
        starved = delayed >= self._threshold and delayed * 2 >= held
        if starved:
            entry = self._enter("kernel", "starved", thread.key, None, None, delayed)
            entry.targets["a CPU that others were using"] = None
        surely = sum(on_cpu(segment, proven or 0, at) for segment in ran)
        if held > waited and surely >= 0.8 * self._threshold:
            self._computed(thread, ran, held, starved)

    def _held(self, thread: _Thread, proven: int | None, at: int) -> int:
        """How long this turn took, as far as that is proved: by a ping in the loop's line, or by the GIL."""
        since = thread.since or at
        if thread.pinged:
            if proven is None or at - proven < 0.8 * self._threshold:
                return 0
            return at - since if proven - since < 2 * PING_DELAY_NS else at - proven
        if at - since < UNPROVEN_NS:
            return 0
        if not thread.loop and self._probe.waits(*thread.key) - thread.waits_before > SHORT_WAITS:
            return 0  # it was back at its poller, and waited there for less than can be seen
        return at - since

    def _computed(self, thread: _Thread, ran: list[Segment], held: int, starved: bool) -> None:  # noqa: FBT001
        total = sum(segment.ns for segment in ran)
        on_cpu = sum(min(segment.cpu, segment.ns) for segment in ran)
        steps: Counter[tuple[int, ...]] = Counter()
        for segment in ran:
            if segment.view is not None and not segment.view.own:
                steps[segment.view.step] += segment.ns
        if on_cpu < self._threshold or total * 2 < held or not steps:
            return
        real = on_cpu / total if starved else 1.0
        step, seen = steps.most_common(1)[0]
        # What could not be read while it ran belongs to the step that is seen around it.
        unread = sum(segment.ns for segment in ran if segment.view is None)
        if seen + unread < self._threshold or seen * 2 < total - unread:
            self._enter("busy-cpu", "backlog", thread.key, None, None, int(total * real))
            return
        sites: Counter[Site | None] = Counter()
        for segment in ran:
            if segment.view is not None and segment.view.step == step:
                sites[segment.site] += segment.ns
        self._enter("busy-cpu", "compute", thread.key, None, sites.most_common(1)[0][0], int((seen + unread) * real))

    def _wait(self, thread: _Thread, segment: Segment) -> None:
        if segment.gil:
            seen = sum(segment.holders.values())
            for (tid, call, site), times in segment.holders.items():
                if tid != thread.key[1]:
                    self._enter("gil", None, (thread.key[0], tid), call, site, segment.ns * times // seen)
            return
        if segment.kind == "off":
            place: Place = "page-fault"
        else:
            place = "lock" if segment.locks else "loop-thread"
        target = segment.contended or segment.target
        self._enter(place, None, thread.key, segment.call, segment.site, segment.ns, target, 1 + segment.wakes)

    # --- pools and other threads ------------------------------------------------------------------------------

    def _in_pool(self, thread: _Thread, segment: Segment) -> None:
        if segment.kind == "running" or segment.gil or self._idle(segment):
            return
        kind = "page-fault" if segment.kind == "off" else None
        target = segment.contended or segment.target
        count = 1 + segment.wakes
        self._enter("worker-thread", kind, thread.key, segment.call, segment.site, segment.ns, target, count)

    def _idle(self, segment: Segment) -> bool:
        """Whether a pool's thread waits for work: it has none, and nothing but its pool's own code runs.

        Nor is a loop's poll that the loop does in a thread: trio's, when it is a guest.
        """
        view = segment.view
        if view is not None and view.library and segment.call in syscalls.POLLERS:
            return True
        if segment.work is not None:
            return False
        return view is None or not view.mine or (view.own and segment.locks)

    def _elsewhere(self, thread: _Thread, segment: Segment) -> None:
        view = segment.view
        if view is None:
            if thread.polls:
                thread.turn.append(segment)
            return
        if segment.call in syscalls.POLLERS and not segment.alone:
            self._polled(thread, segment, view.anchor)
            return
        inside = any(address == thread.anchor for address, _ in view.frames)
        if thread.polls and inside:
            if segment.kind == "running" and view.frames[0] == (thread.anchor, thread.poll_line):
                self._end_turn(thread, segment.start)
                thread.since = segment.end
            else:
                thread.turn.append(segment)
            return
        if thread.polls:
            thread.polls, thread.anchor, thread.since = 0, 0, None
            thread.turn.clear()
        self._plain_wait(thread, segment)

    def _polled(self, thread: _Thread, segment: Segment, anchor: tuple[int, int]) -> None:
        if thread.anchor == anchor[0] and thread.polls:
            thread.polls += 1
            self._saw_loop = True
            self._end_turn(thread, segment.start)
        else:
            thread.turn.clear()
            thread.polls, (thread.anchor, thread.poll_line) = 1, anchor
        thread.since, thread.waits_before = segment.end, self._probe.waits(*thread.key)

    def _plain_wait(self, thread: _Thread, segment: Segment) -> None:
        """A thread that is free to wait: of interest where threads are what is compared, or where it is a worker."""
        view = segment.view
        if segment.kind == "running" or segment.gil or view is None or not view.mine:
            return
        if segment.locks and segment.contended is None:
            thread.visits[segment.site] += 1
            return
        by_hand = any(times >= 2 for times in thread.visits.values()) and thread.key[1] != thread.key[0]
        if not (self._plain or by_hand):
            if len(thread.waits) < MOST_WAITS:
                thread.waits.append(segment)
            return
        for each in (*thread.waits, segment):
            kind = "page-fault" if each.kind == "off" else None
            self._enter("worker-thread", kind, thread.key, each.call, each.site, each.ns, each.target, 1 + each.wakes)
        thread.waits.clear()

    # --- turning without waiting ------------------------------------------------------------------------------

    def _count_streak(self, thread: _Thread, segment: Segment) -> None:
        view, streak = segment.view, thread.streak
        thread.waits_when_idle |= segment.call in syscalls.ARRIVALS
        waits = segment.kind != "running" and not segment.gil and (segment.polls or segment.ns > 5 * MS)
        if waits or (view is not None and view.imports):
            self._end_streak(thread)
            return
        if view is not None and view.loop is not streak.loop:
            if streak.since and streak.astray + segment.ns < ASTRAY_NS:
                streak.pass_over(segment)
                return
            self._end_streak(thread)
            streak = thread.streak
            streak.loop = view.loop
        streak.take(segment)
        if view is not None:
            by_hand = not thread.worker and not any(
                other.loop for key, other in self._threads.items() if key[0] == thread.key[0]
            )
            streak.ask(self._probe, thread.key, by_hand=by_hand)

    def _end_streak(self, thread: _Thread) -> None:
        streak, thread.streak = thread.streak, Streak()
        if streak.ns >= max(STREAK_NS, 5 * self._threshold) and streak.is_polling(
            self._probe, thread.key, waits_when_idle=thread.waits_when_idle
        ):
            entry = self._enter("busy-cpu", "busy-polling", thread.key, None, streak.site, streak.ns)
            entry.role = "loop"
            self._saw_loop = True

    # --- the books --------------------------------------------------------------------------------------------

    def _thread(self, pid: int, tid: int) -> _Thread:
        key = (pid, tid)
        if key not in self._threads:
            self._threads[key] = _Thread(key)
        return self._threads[key]

    def _enter(  # noqa: PLR0913, PLR0917  what an entry is known by
        self, place: Place, kind: str | None, key: tuple[int, int], call: str | None, site: Site | None, ns: int,
        target: str | None = None, count: int = 1,
    ) -> _Entry:  # fmt: skip
        entry = self._ledger.setdefault((place, kind, key, call, site), _Entry())
        entry.count += count
        entry.total += ns
        entry.longest = max(entry.longest, ns // max(count, 1))
        if target is not None:
            entry.targets[target] = None
        return entry

    def _state(self, thread: _Thread, segment: Segment) -> str:  # noqa: PLR0911  one for each
        if segment.polls:
            return "poller"
        if segment.kind == "running":
            return "running"
        if segment.kind == "off":
            return "page-fault"
        if segment.gil:
            return "gil"
        if thread.worker and not thread.loop and self._idle(segment):
            return "idle"
        if segment.call in syscalls.POLLERS and not (thread.loop or thread.worker or segment.alone):
            return "poller"
        return "lock" if segment.locks else "blocked"

    def role(self, key: tuple[int, int]) -> Role:
        """Return what a thread is for."""
        thread = self._threads.get(key)
        if thread is not None and (thread.loop or thread.polls >= 2):
            return "loop"
        if thread is not None and thread.worker:
            return "worker"
        return "main" if key[0] == key[1] else "other"

    def name(self, key: tuple[int, int]) -> str:
        """Return a thread's name, with its process where that is not the program itself."""
        pid, tid = key
        if tid < 0:
            return "pool"
        name = self._names.get(key) or ("MainThread" if pid == tid else f"thread {tid}")
        return name if pid == self._pid else f"{name} of {self._children.get(pid, pid)}"

    def finish(self, now: int) -> Observation:
        """Close the books."""
        for thread in self._threads.values():
            self._flush(thread)
            if thread.loop or thread.polls >= 2:
                self._end_turn(thread, now)
            self._end_streak(thread)
        findings = [self._finding(key, entry) for key, entry in self._ledger.items() if entry.total >= self._threshold]
        findings.sort(key=lambda finding: (finding.place not in LOOP_PLACES, -finding.total_ms))
        loop = None
        if self._saw_loop:
            longest = max(self._stalls, default=0) / MS
            loop = LoopHold(len(self._stalls), longest, sum(self._stalls) / MS)
        return Observation(
            findings=tuple(findings),
            loop=loop,
            lanes=self._lanes.finish(now, self.name, self.role),
            threads=self._most_threads,
            duration_ms=(now - self._began) / MS,
            missing=(*self._missing, *self._lanes.missing),
        )

    def _finding(self, key: Key, entry: _Entry) -> Finding:
        place, kind, thread, call, site = key
        return Finding(
            place=place,
            kind=kind,
            thread=entry.name or self.name(thread),
            role=entry.role or self.role(thread),
            call=call,
            target=self._target(place, thread, entry),
            site=site,
            code=linecache.getline(site.file, site.line).strip() or None if site is not None else None,
            count=entry.count,
            total_ms=entry.total / MS,
            longest_ms=entry.longest / MS,
        )

    def _target(self, place: Place, thread: tuple[int, int], entry: _Entry) -> str | None:
        if place == "pool-queue":
            return self._ahead(-thread[1])
        if not entry.targets:
            return "a lock" if place == "lock" else None
        first = next(iter(entry.targets))
        return first if len(entry.targets) == 1 else f"{first} and {len(entry.targets) - 1} more"

    def _ahead(self, pool: int) -> str | None:
        """What the pool's threads were doing while others waited in line."""
        doing: Counter[tuple[str | None, Site | None]] = Counter()
        members = self._pools.get(pool, set())
        for (place, _, thread, call, site), entry in self._ledger.items():
            if place == "worker-thread" and (not members or thread in members):
                doing[call, site] += entry.total
        if not doing:
            return None
        call, site = doing.most_common(1)[0][0]
        where = f" at {site.file.rpartition('/')[2]}:{site.line}" if site is not None else ""
        return f"behind {len(members) or 'other'} threads, mostly in {call or 'a page fault'}{where}"
