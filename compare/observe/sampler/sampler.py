"""Watches a process and its children from outside, about a thousand times a second, and hands on what it saw.

Who is looked at is `crowd`'s matter, and what is seen of a thread `family`'s. The agent's notes (which loops run, whose
work a worker does) are read from the ring in between, and it is asked to ping a loop that was not seen to come round.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from compare.observe.agent import channel
from compare.observe.agent.channel import Kind
from compare.observe.interpreter import views as stacks
from compare.observe.judge.judge import Judge
from compare.observe.judge.segments import Work
from compare.observe.kernel import proc
from compare.observe.sampler import without_proc as blind
from compare.observe.sampler.process import LISTING_NS, Family
from compare.observe.sampler.schedule import due

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.observe.agent.channel import Record, Ring
    from compare.observe.interpreter.layout import Layout
    from compare.observe.sampler.process import Track
    from compare.results import Observation

PERIOD_NS = 1_000_000
FAMILY_NS = 25_000_000
"""How often children are looked for."""
PING_AFTER_NS = 2_500_000
"""How long a loop has not been seen in its poller before it is pinged."""
NAMES_NS = 20_000_000
ASK_NAMES = 3
"""How often the names are asked for after a thread was seen first: it may not have its own yet."""
SWITCH_NS = 5_000_000
"""CPython asks a thread that computes to let go of the GIL after 5 ms; one that keeps it longer is in C code."""


class Sampler:
    """Watches one program at a time.

    `layout` is `None` where Python stacks can't be read; `ring` and `ping` where no agent is in the program.
    """

    def __init__(  # noqa: PLR0913  what a watch is made of
        self,
        pid: int,
        layout: Layout | None,
        ring: Ring | None,
        ask: Callable[[int], None],
        *,
        threshold_ns: int,
        plain_threads: bool,
    ) -> None:
        """Begin to watch."""
        now = time.monotonic_ns()
        self.pid, self._layout, self._ring, self._ask = pid, layout, ring, ask
        self._began = now
        self.judge = Judge(pid, now, self, threshold_ns=threshold_ns, plain_threads=plain_threads)
        self._family = Family(pid, layout, self.judge, now)
        self._family.agent = ring is not None
        self._blind: blind.Pings | None = None
        if (why := blind.reason(pid)) is not None:
            self._blind = blind.Pings(self.judge, ask)
            self.judge.miss(why)
        self._families = {pid: self._family}
        self._hidden: set[int] = set()
        self._loops: dict[int, tuple[int, int, int]] = {}
        self._queue: dict[int, Work] = {}
        self._doing: dict[int, Work] = {}
        self._load: Counter[int] = Counter()
        """How much work each pool has, begun or not."""
        self._tended = self._named = 0
        self._want_names = ASK_NAMES
        self._others: set[int] = set()
        self._births: dict[int, int] = {}
        """When each child was seen first that is no Python of ours yet."""
        self._agent: proc.ThreadFiles | None = None
        self._kept_out: tuple[int, int] | None = None
        self._agent_slices = 0
        self._looked = now
        if ring is None:
            self.judge.miss("threads' names, lines for a pool, and uvloop's turns: it was not started by us")
        if ring is not None:
            for record in ring.read():  # from before the window: loops that run, work that waits
                self._note(record, early=True)

    def tick(self) -> bool:
        """Look at everything once; returns whether the program is still there."""
        now = time.monotonic_ns()
        self._read_ring()
        for family in list(self._families.values()):
            family.attach(now)
            if family.list_threads(now, self._hidden):
                self._want_names = ASK_NAMES
            if self._loops and family is self._family:
                self._place_loops(family)
            for track in due(family, now):
                family.visit(track, now)
            if not family.tracks and family is not self._family and now - family.began > LISTING_NS:
                family.close(now)
                del self._families[family.pid]
        self._ping(now)
        self._tend(now)
        return (
            bool(self._family.tracks) or now - self._began < 2 * LISTING_NS or Path(f"/proc/{self.pid}/task").exists()
        )

    def stat(self, pid: int, tid: int) -> proc.Stat | None:
        """Return a thread's counters now; `None` when it has ended."""
        files = self._files(pid, tid)
        try:
            return files.stat() if files is not None else None
        except OSError:
            return None

    def transferred(self, pid: int, tid: int) -> int:
        """Return how many bytes a thread has read and written; 0 when it has ended."""
        files = self._files(pid, tid)
        try:
            return files.transferred() if files is not None else 0
        except OSError:
            return 0

    def waits(self, pid: int, tid: int) -> int:
        """Return how often a thread has waited; 0 when it has ended."""
        files = self._files(pid, tid)
        try:
            return files.waits() if files is not None else 0
        except (OSError, IndexError):
            return 0

    def packets(self, pid: int) -> int:
        """Return how many packets there have been where a process lives."""
        return proc.Process(pid).packets()

    def _files(self, pid: int, tid: int) -> proc.ThreadFiles | None:
        track = self._families[pid].tracks.get(tid) if pid in self._families else None
        return track.files if track is not None else None

    def streams(self, pid: int) -> Literal["nonblocking", "blocking"] | None:
        """Say what sockets and pipes a process has."""
        return proc.Process(pid).streams()

    def finish(self) -> Observation:
        """Stop, and say what was seen."""
        self._read_ring()
        if self._ring is not None and self._family.tracks:
            self._ask(channel.NAMES)
            deadline = time.monotonic_ns() + 20_000_000
            wanted = set(self._family.tracks)
            while time.monotonic_ns() < deadline and not wanted <= set(self._ring.names()):
                time.sleep(0.001)
            self.judge.names(self.pid, self._ring.names())
        now = time.monotonic_ns()
        for family in self._families.values():
            if family.unreadable is not None and family is self._family:
                self.judge.miss(f"no Python lines: {family.unreadable}")
            family.close(now)
        if self._agent is not None:
            self._agent.close()
            self._agent = None
        for work in self._queue.values():
            self.judge.waited(self.pid, work, now)
        return self.judge.finish(now)

    def _read_ring(self) -> None:
        if self._ring is not None:
            for record in self._ring.read():
                self._note(record)

    def _note(self, record: Record, *, early: bool = False) -> None:  # noqa: C901  one branch a kind
        family, tid = self._family, record.tid
        match record.kind:
            case Kind.READY:
                self._hidden.add(tid)
                self.judge.hide(self.pid, tid)
                if (track := family.tracks.pop(tid, None)) is not None:
                    track.files.close()
                with contextlib.suppress(OSError):
                    self._agent = proc.ThreadFiles(self.pid, tid)
            case Kind.LOOP_RUNS:
                self._loops[tid] = (record.first, record.code, record.amount)
                self.judge.loop_runs(self.pid, tid, max(record.time_ns, self._began))
            case Kind.LOOP_ENDS:
                if self._loops.get(tid, (0, 0, 0))[0] == record.first:
                    del self._loops[tid]
                    if (track := family.tracks.get(tid)) is not None:
                        track.loop = None
                        family.cut(track, record.time_ns)
                    self.judge.loop_ends(self.pid, tid, record.time_ns)
            case Kind.PONG | Kind.PINGED:
                for loop_tid, loop in self._loops.items():
                    if loop[0] != record.second:
                        continue
                    if self._blind is not None:
                        self._blind.note(record, loop_tid)
                    elif (track := family.tracks.get(loop_tid)) is not None:
                        self._note_ping(track, record)
            case _:
                self._note_work(record, early=early)

    def _note_ping(self, track: Track, record: Record) -> None:
        if record.kind is Kind.PINGED:
            if track.ponged < record.first:
                self.judge.held_from(self.pid, track.tid, record.time_ns)
            return
        track.pinged, track.turned, track.ponged = False, record.time_ns, record.first
        self._family.cut(track, record.time_ns)
        self.judge.turned(self.pid, track.tid, record.time_ns, gave_way=record.code)

    def _note_work(self, record: Record, *, early: bool) -> None:
        family = self._family
        if record.kind is Kind.ASKED:
            site = None
            if family.reader is not None and (code := family.reader.code(record.code)) is not None:
                site = stacks.site_of(code, record.line, family.directory)
            asked = max(record.time_ns, self._began)
            work = Work(record.first, record.second, record.amount, site, asked)
            work.free = self._load[work.pool] < work.size
            self._load[work.pool] += 1
            self._queue[record.first] = work
            return
        if record.kind is not Kind.STARTED:
            self._load[record.second] = max(self._load[record.second] - 1, 0)
        waiting = self._queue.pop(record.first, None)
        if record.kind is Kind.STARTED and waiting is not None:
            work = waiting
            work.started, work.tid = record.time_ns, record.tid
            self._doing[record.first] = work
            family.work[record.tid] = work
            if not early:
                self.judge.waited(self.pid, work, record.time_ns)
            self._renew(record.tid, record.time_ns)
        elif record.kind in {Kind.WITHDRAWN, Kind.ADMITTED} and waiting is not None and not early:
            waiting.free = waiting.free and record.kind is Kind.WITHDRAWN
            self.judge.waited(self.pid, waiting, record.time_ns)
        elif record.kind is Kind.ENDED:
            done = self._doing.pop(record.first, None)
            if done is not None and family.work.get(done.tid) is done:
                del family.work[done.tid]
                self._renew(done.tid, record.time_ns)

    def _renew(self, tid: int, at: int) -> None:
        """A worker's wait is idle or not by whether it has work: end the one where the other begins."""
        track = self._family.tracks.get(tid)
        if track is not None and track.open is not None:
            self._family.cut(track, at)
            track.open.work = self._family.work.get(tid)
            self.judge.is_worker(self.pid, tid)

    def _place_loops(self, family: Family) -> None:
        for tid, loop in self._loops.items():
            if (track := family.tracks.get(tid)) is not None and track.loop != loop:
                track.loop, track.pinged = loop, False

    def _ping(self, now: int) -> None:  # noqa: C901  by what a loop does
        if self._blind is not None:
            self._blind.tick(now, self._loops)
        before, self._looked = self._looked, now
        if self._kept_out is not None and now - before > SWITCH_NS:  # we were away: nobody saw who had the GIL
            self._kept_out = None
            for tid in self._loops:
                self.judge.let_go(self.pid, tid, before)
        for tid in self._loops:
            track = self._family.tracks.get(tid)
            if track is None or track.open is None:
                continue
            if track.open.polls:
                track.turned = now
            elif not track.pinged and now - track.turned > PING_AFTER_NS:
                track.pinged = True
                self._ask(tid)
                self._kept_out = None
            elif track.pinged and self._keeps_the_gil(track):
                if self._kept_out is None or self._agent_wakes() > (now - self._kept_out[0]) // SWITCH_NS + 2:
                    self._kept_out = now, self._agent_slices
                    self.judge.let_go(self.pid, tid, now)
                elif now - self._kept_out[0] > SWITCH_NS:
                    self.judge.held_from(self.pid, tid, self._kept_out[0] + SWITCH_NS, in_one_call=True)
            else:
                self._kept_out = None

    def _agent_wakes(self) -> int:
        """How often the agent has woken while it was kept out.

        It wakes when it has waited for the switch interval, and each time that the loop's thread lets go of the GIL:
        more often than the interval allows says that the loop does let go, and only takes the GIL back more quickly.
        """
        if self._agent is None or self._kept_out is None:
            return 0
        try:
            self._agent_slices = self._agent.times().slices
        except OSError:
            return 0
        return self._agent_slices - self._kept_out[1]

    def _keeps_the_gil(self, track: Track) -> bool:
        """Whether the agent, asked to ping a loop, waits for the GIL that the loop's own thread has."""
        family = self._family
        if self._agent is None or family.gil is None or family.reader is None:
            return False
        try:
            raw = self._agent.call()
            if raw == proc.RUNNING or not family.waits_for_gil(proc.parse_call(raw)):
                return False
            if self._kept_out is None:
                self._agent_slices = self._agent.times().slices
            return family.reader.native_id(family.reader.memory.pointer(family.gil + 8)) == track.tid
        except OSError:
            return False

    def _tend(self, now: int) -> None:
        """What need not be done in every tick."""
        if self._want_names and now - self._named > NAMES_NS and self._ring is not None:
            self._named = now
            self._want_names -= 1
            self._ask(channel.NAMES)
        if now - self._tended < FAMILY_NS:
            return
        self._tended = now
        if self._ring is not None:
            self.judge.names(self.pid, self._ring.names())
        for family in list(self._families.values()):
            family.watch_stops(now)
            for child in family.process.children():
                if child not in self._families and child not in self._others and child != os.getpid():
                    self._adopt(child, now)
                    if child in self._families:
                        self._families[child].inherited = family.inherited | family.turns
        self._tended += 10 * (time.monotonic_ns() - now)  # each of a thousand threads is asked for its children

    def _adopt(self, pid: int, now: int) -> None:
        family = Family(pid, self._layout, self.judge, now)
        if family.reader is None and self._layout is not None:
            if now - self._births.setdefault(pid, now) > 200_000_000:  # it has not become a Python of ours by now
                self._others.add(pid)
            family.close(now)
            return
        self.judge.child(pid, family.process.name())
        self._families[pid] = family
