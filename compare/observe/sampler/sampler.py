"""Watches a process and its children from outside, about a thousand times a second, and hands on what it saw.

Who is looked at is `crowd`'s matter, and what is seen of a thread `family`'s. The agent's notes (which loops run, whose
work a worker does) are read from the ring in between, and it is asked to ping a loop that was not seen to come round.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from compare.observe.judge.judge import Judge
from compare.observe.kernel import proc
from compare.observe.sampler import without_proc as blind
from compare.observe.sampler.failures import Failures
from compare.observe.sampler.notes_read import NotesRead
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
        self._failures = Failures()
        self._family = Family(pid, layout, self.judge, now, self._failures)
        self._family.agent = ring is not None
        self._blind: blind.Pings | None = None
        if (why := blind.reason(pid)) is not None:
            self._blind = blind.Pings(self.judge, ask)
            self.judge.miss(why)
        self._families = {pid: self._family}
        self._notes = NotesRead(ring, self._family, now, pings=self._blind, window=self._note_window)
        self._tended = 0
        self._others: set[int] = set()
        self._births: dict[int, int] = {}
        """When each child was seen first that is no Python of ours yet."""
        self._kept_out: tuple[int, int] | None = None
        self._agent_slices = 0
        self._looked = now
        if ring is None:
            self.judge.miss("threads' names, lines for a pool, and uvloop's turns: it was not started by us")
        self._read_ring(early=True)  # from before the window: loops that run, work that waits

    def tick(self) -> bool:
        """Look at everything once; returns whether the program is still there."""
        now = time.monotonic_ns()
        self._read_ring()
        for family in list(self._families.values()):
            self._guarded(self._look_at, family, now)
        self._guarded(self._ping, now)
        self._guarded(self._tend, now)
        return (
            bool(self._family.tracks) or now - self._began < 2 * LISTING_NS or Path(f"/proc/{self.pid}/task").exists()
        )

    def _guarded(self, do: Callable[..., object], *arguments: Any) -> None:
        """Whatever fails here is dropped and counted: the watched program's life is not tied to our mistakes."""
        try:
            do(*arguments)
        except Exception as error:  # noqa: BLE001  see above
            self._failures.note(error)

    def _look_at(self, family: Family, now: int) -> None:
        family.attach(now)
        family.list_threads(now, self._notes.hidden)
        if self._notes.loops and family is self._family:
            self._place_loops(family)
        for track in due(family, now):
            try:
                family.visit(track, now)
            except Exception as error:  # noqa: BLE001  this look is dropped, and the next begins anew
                self._failures.note(error)
                track.open, track.raw = None, b""
        if not family.tracks and family is not self._family and now - family.began > LISTING_NS:
            del self._families[family.pid]
            family.close(now)

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

    def so_far(self) -> Observation:
        """Say what has been found until now; the watch goes on."""
        return self.judge.so_far(time.monotonic_ns())

    def finish(self) -> Observation:
        """Stop, and say what was seen."""
        self._read_ring()
        now = time.monotonic_ns()
        for family in self._families.values():
            if family.unreadable is not None and family is self._family:
                self.judge.miss(f"no Python lines: {family.unreadable}")
            self._guarded(family.close, now)
        self._notes.close()
        for work in self._notes.queue.values():
            self.judge.waited(self.pid, work, now)
        if (failed := self._failures.sentence()) is not None:
            self.judge.miss(failed)
        for sentence in self._notes.missing():
            self.judge.miss(sentence)
        return self.judge.finish(now)

    def _read_ring(self, *, early: bool = False) -> None:
        for record in self._notes.read():
            try:
                self._notes.take(record, early=early)
            except Exception as error:  # noqa: BLE001  one note less
                self._failures.note(error)

    def _note_window(self, record: Record) -> None:
        """Windows are noted where a process watches itself."""

    def _place_loops(self, family: Family) -> None:
        for tid, loop in self._notes.loops.items():
            if (track := family.tracks.get(tid)) is not None and track.loop != loop:
                track.loop, track.pinged = loop, False

    def _ping(self, now: int) -> None:  # noqa: C901  by what a loop does
        if self._blind is not None:
            self._blind.tick(now, self._notes.loops)
        before, self._looked = self._looked, now
        if self._kept_out is not None and now - before > SWITCH_NS:  # we were away: nobody saw who had the GIL
            self._kept_out = None
            for tid in self._notes.loops:
                self.judge.let_go(self.pid, tid, before)
        for tid in self._notes.loops:
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
        if self._notes.agent is None or self._kept_out is None:
            return 0
        try:
            self._agent_slices = self._notes.agent.times().slices
        except OSError:
            return 0
        return self._agent_slices - self._kept_out[1]

    def _keeps_the_gil(self, track: Track) -> bool:
        """Whether the agent, asked to ping a loop, waits for the GIL that the loop's own thread has."""
        family = self._family
        if self._notes.agent is None or family.gil is None or family.reader is None:
            return False
        try:
            raw = self._notes.agent.call()
            if raw == proc.RUNNING or not family.waits_for_gil(proc.parse_call(raw)):
                return False
            if self._kept_out is None:
                self._agent_slices = self._notes.agent.times().slices
            return family.reader.native_id(family.reader.memory.pointer(family.gil + 8)) == track.tid
        except OSError:
            return False

    def _tend(self, now: int) -> None:
        """What need not be done in every tick."""
        if now - self._tended < FAMILY_NS:
            return
        self._tended = now
        for family in list(self._families.values()):
            family.watch_stops(now)
            for child in family.process.children():
                if child not in self._families and child not in self._others and child != os.getpid():
                    self._adopt(child, now)
                    if child in self._families:
                        self._families[child].inherited = family.inherited | family.turns
        self._tended += 10 * (time.monotonic_ns() - now)  # each of a thousand threads is asked for its children

    def _adopt(self, pid: int, now: int) -> None:
        family = Family(pid, self._layout, self.judge, now, self._failures)
        if family.reader is None and self._layout is not None:
            if now - self._births.setdefault(pid, now) > 200_000_000:  # it has not become a Python of ours by now
                self._others.add(pid)
            family.close(now)
            return
        self.judge.child(pid, family.process.name())
        self._families[pid] = family
