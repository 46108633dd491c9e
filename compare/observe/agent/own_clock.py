"""How late loops get round to a callback, and where their threads stand meanwhile, by the agent's own clock.

For a system on which nobody can look from outside (`pings` is asked from there). A thread of ours pings each loop some
milliseconds after it got round to the last ping, and while one stands in line it looks at the loop's thread: it notes
its frames, whenever they have changed. A loop that keeps the GIL in one call of C keeps this thread from pinging too:
it wakes late, and says how late. Where the loop's thread was all that time on a processor, that was the loop.
"""

from __future__ import annotations

import _thread
import itertools
import os
import sys
import time

from .addresses import address
from .channel import MOST_AMOUNT, Kind
from .clock import now
from .known_loops import LATE, KnownLoops, put, yielded
from .own_thread import OwnThread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    from .notes import Agent

    Stood = tuple[tuple[int, str, int], ...]

PERIOD_NS = 5_000_000
"""How often a loop is pinged, and looked at while it does not come round."""
MOST_FRAMES = 128
"""Of a deeper stack the innermost frames are noted."""
# The program may patch what it finds in these modules; ours are taken before it begins.
_sleep, _on_cpu, _frames = time.sleep, time.thread_time_ns, sys._current_frames  # noqa: SLF001  there is no other door


class _Loop:
    """A loop that is pinged: its thread, what stands in its line."""

    def __init__(self) -> None:
        """In the loop's own thread, as it begins to run."""
        self.ident, self.on_cpu = _thread.get_ident(), _on_cpu()
        self.in_line = False
        self.kept = 0
        """How long our thread was kept from looking while something stood in line, in nanoseconds."""
        self.stood: Stood = ()
        """Where its thread stood when it was looked at last, since it came round."""


class OwnClock(KnownLoops):
    """Pings the loops that run."""

    inode = 0
    """Of a pipe by which it is asked: none."""

    def __init__(self, agent: Agent) -> None:
        """Ping from the first loop on."""
        super().__init__()
        self._agent = agent
        self._pinged: dict[int, _Loop] = {}
        self._numbers = itertools.count(1)
        self._busy = _thread.allocate_lock()
        """Held while our thread runs, or is being started."""
        self._directory = os.getcwd()  # noqa: PTH109  no pathlib in a program's start
        self.start = agent.guard("its own thread")(self._start)
        self._turn = agent.guard("pings")(self._ping_all)
        self._new_thread: Callable[[], object] = lambda: _thread.start_new_thread(self._serve, ())
        try:
            self._new_thread = OwnThread(self._serve).start
        except (OSError, ImportError, AttributeError):
            return  # then it is one that the interpreter counts

    def loop_runs(self, loop: Any, door: Callable[..., object]) -> None:
        """A loop begins to run in this thread."""
        self._pinged[address(loop)] = _Loop()
        super().loop_runs(loop, door)
        self.start()

    def loop_ends(self, loop_id: int) -> bool:
        """It no longer runs; returns whether it did."""
        self._pinged.pop(loop_id, None)
        return super().loop_ends(loop_id)

    def rest(self) -> None:
        """A fork leaves our thread where it is: it has nothing that a child could miss."""

    def resume(self) -> None:
        """It has not rested."""

    def forget(self) -> None:
        """In a forked child: there is no thread of ours here, and none is to come."""
        self._loops.clear()
        self._pinged.clear()
        self._new_thread = lambda: None

    def _start(self) -> None:
        if self._agent.askers.are_heard:
            self._agent.not_seen(f"{LATE}: the program has audit hooks, which would hear of a look at a frame")
        elif self._busy.acquire(blocking=False):
            try:
                self._new_thread()
            except BaseException:
                self._busy.release()
                raise

    def _serve(self) -> None:
        """Ping until no loop runs; in our own thread."""
        try:
            self._agent.note(Kind.READY)
            due = now()
            while self._loops and not self._agent.askers.are_heard:
                self._turn(max(now() - due, 0))
                due = now() + PERIOD_NS
                _sleep(PERIOD_NS / 1e9)
        except Exception as error:  # noqa: BLE001  nobody is above us
            self._agent.failures.count("pings", error)
        self._busy.release()
        if self._loops and not self._agent.askers.are_heard:  # one began to run just then
            self.start()

    def _ping_all(self, late: int) -> None:
        looked = _frames() if late > PERIOD_NS or any(each.in_line for each in list(self._pinged.values())) else {}
        for loop_id, door in self.doors():
            loop = self._pinged.get(loop_id)
            if loop is None:
                continue
            if looked:
                self._note_stack(loop_id, loop, _stack(looked.get(loop.ident), self._directory))
            if loop.in_line:
                loop.kept += late
            else:
                self._ping(loop_id, loop, door, late)

    def _ping(self, loop_id: int, loop: _Loop, door: Callable[..., object], late: int) -> None:
        number, pong = next(self._numbers), self._agent.guard("pongs")(self._pong)
        loop.in_line, loop.kept = True, 0
        try:
            wake = put(loop_id, door, lambda: pong(loop_id, number, loop, door))
        except Exception:  # noqa: BLE001  whatever a loop that is closing raises, the program must not see it
            self.loop_ends(loop_id)
            return
        self._agent.note(Kind.PINGED, number, loop_id, amount=min(late // 1000, MOST_AMOUNT))
        if wake is not None:
            wake()

    def _pong(self, loop_id: int, number: int, loop: _Loop, door: object) -> None:
        before, loop.on_cpu = loop.on_cpu, _on_cpu()
        ran, kept = (min(max(ns, 0) // 1000, MOST_AMOUNT) for ns in (loop.on_cpu - before, loop.kept))
        self._agent.note(Kind.PONG, number, loop_id, code=yielded(loop_id, door), line=kept, amount=ran)
        loop.in_line, loop.stood = False, ()

    def _note_stack(self, loop_id: int, loop: _Loop, stood: Stood) -> None:
        if stood == loop.stood:
            return
        loop.stood = stood
        for index, (frame, text, line) in enumerate(stood):
            self._agent.say(Kind.STANDS, text, frame, loop_id, code=index, line=line)


def _stack(frame: FrameType | None, directory: str) -> Stood:
    """The frames of a thread, innermost first: what tells each from another, its text, its line."""
    found: list[tuple[int, str, int]] = []
    while frame is not None and len(found) < MOST_FRAMES:
        code = frame.f_code
        name = code.co_filename
        if not name.startswith("<"):
            name = os.path.join(directory, name)  # noqa: PTH118  no pathlib in a program's start
        found.append((address(frame), f"{code.co_qualname}\0{name}", frame.f_lineno or 0))
        frame = frame.f_back
    return tuple(found)
