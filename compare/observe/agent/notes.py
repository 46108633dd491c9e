"""Inside the observed process: takes notes of what can't be seen from outside, and of no more.

Which thread runs an event loop; when work is handed to a pool or stands in line for a limiter's token, and when it is
begun; threads' names; and for the work's sake, where tasks are made. `doors` says where in a library each of these is
heard of, `pings` how a loop is asked how late it is. Nothing is imported that the program would not import, no file is
looked at, and a note is written into memory that is there already: some microseconds.
"""

from __future__ import annotations

import _thread
import itertools
import sys

from .addresses import address
from .askers import Askers
from .channel import MOST_AMOUNT, Kind
from .clock import now
from .guard import Failures
from .others_threads import OthersThreads
from .own_clock import OwnClock
from .pings import Pings
from .replaced import Replaced

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    from .channel import Ring, Setting

MOST_NAMES_A_SECOND = 2000
"""Of a program that makes more threads, or names them anew more often, not all are told."""


class Agent:
    """Writes what it notes into the ring; safe to call from any thread, and guarded by whoever calls."""

    has_left = False
    """Whether nothing of what it put into libraries is to be there any more."""

    def __init__(self, ring: Ring, pipe: int | None, pings: Callable[[Agent, int], Pings] = Pings) -> None:
        """Write into `ring`; `pings` reads what the sampler asks from the descriptor `pipe`. `None`: nobody asks."""
        self._ring = ring
        self._numbers = itertools.count(1)  # `next` is atomic: one C call under the GIL
        self._texts = itertools.count(1)
        self._requests = itertools.count(1)
        self._second, self._names = 0, 0
        self._native_id = _thread.get_native_id
        self.running: dict[int, int] = {}
        """The asyncio-like loop that runs in each thread, by their ids."""
        self.at_work: set[int] = set()
        """The threads that do a pool's work just now, by their ids."""
        self.setting: Setting | None = None
        """What the agents of the program's children are told; `None` where they are to have none."""
        self.askers = Askers()
        self.others_threads = OthersThreads()
        self.failures = Failures(self._tell_failure)
        self.guard = self.failures.guard
        self.replaced = Replaced(self.guard("what it puts back"))
        self.put = self.replaced.put
        self.pings = pings(self, pipe) if pipe is not None else OwnClock(self)

    def note(  # noqa: PLR0913  a record's fields
        self, kind: Kind, first: int = 0, second: int = 0, *, code: int = 0, line: int = 0, amount: int = 0
    ) -> None:
        """Write one record."""
        fields = (now(), int(kind), self._native_id(), first, second, code, line, amount)
        self._ring.write(next(self._numbers), *fields)

    def say(  # noqa: PLR0913  a record's fields
        self, kind: Kind, text: str, first: int = 0, second: int = 0, *, code: int = 0, line: int = 0
    ) -> None:
        """Write one record that names a text."""
        number = next(self._texts)
        self._ring.write_text(number, text.encode(errors="replace"))
        self.note(kind, first, second, code=code, line=line, amount=number)

    def loop_runs(self, loop: Any, family: int, door: Callable[..., object], frame: FrameType | None) -> None:
        """An event loop begins to run in this thread, called from this frame."""
        self.askers.loop_runs(address(loop), frame)
        # How many frames lie below it is asked of a loop that has none of its own.
        depth = 0 if family != OTHER else _depth(frame) or NOT_KNOWN
        self.note(Kind.LOOP_RUNS, address(loop), polled_by(loop), code=family, amount=depth)
        self.pings.loop_runs(loop, door)

    def loop_ends(self, loop_id: int) -> None:
        """It no longer runs."""
        if self.pings.loop_ends(loop_id):
            self.askers.loop_ends(loop_id)
            self.note(Kind.LOOP_ENDS, loop_id)

    def asked(self, kind: Kind, pool: int, size: int, frame: FrameType | None) -> int:
        """Work wants a thread of a pool, or a token of a limiter; returns the request's number."""
        request = next(self._requests)
        code, line = self.askers.line(frame)
        self.note(kind, request, pool, code=code, line=line, amount=min(size, MOST_AMOUNT))
        return request

    def work_begins(self, request: int, pool: int) -> None:
        """This thread begins work that a pool was asked for."""
        self.at_work.add(_thread.get_ident())
        self.note(Kind.STARTED, request, pool)

    def work_ends(self, request: int, pool: int) -> None:
        """It is done."""
        self.at_work.discard(_thread.get_ident())
        self.note(Kind.ENDED, request, pool)

    def thread_named(self, tid: int, name: str) -> None:
        """A thread of the program's has a name."""
        if self._has_room_for_names():
            self.say(Kind.THREAD_NAMED, name.replace("\n", " "), tid)

    def not_seen(self, sentence: str) -> None:
        """Say what can't be noted here, and why."""
        self.say(Kind.NOT_SEEN, sentence)

    def forked(self) -> None:
        """The program has forked: the child may be there for some milliseconds only, so it is looked for at once."""
        self.note(Kind.FORKED)

    def be_silent(self) -> None:
        """In a forked child, where the ring is the parent's: note nothing."""
        self._ring = _Nowhere()  # type: ignore[assignment]

    def forget(self) -> None:
        """In a forked child that nobody follows, where there is no thread of ours either."""
        self.be_silent()
        self.pings.forget()

    def begin_anew(self, ring: Ring, pipe: int, waker: int) -> None:
        """In a forked child that is followed: what it notes goes to a ring of its own."""
        self._ring = ring
        self._numbers, self._texts = itertools.count(1), itertools.count(1)
        self.running.clear()
        self.at_work &= {_thread.get_ident()}
        self.failures.begin_anew()
        if isinstance(self.pings, Pings):
            self.pings.begin_anew(pipe, waker)

    def _has_room_for_names(self) -> bool:
        second = now() // 10**9
        if second != self._second:
            self._second, self._names = second, 0
        self._names += 1
        return self._names <= MOST_NAMES_A_SECOND

    def _tell_failure(self, which: int, count: int, text: str) -> None:
        if text:
            self.say(Kind.FAILED, text, which, count)
        else:
            self.note(Kind.FAILED, which, count)


NOT_KNOWN = 0xFFFFFFFF
"""A depth that no stack has."""
ASYNCIO, OTHER, TRIO = 1, 2, 3
"""What a loop is: asyncio's, another that is like it (uvloop's), or trio's."""


class _Nowhere:
    """Takes what a forked child notes."""

    def write(self, number: int, *fields: int) -> None:
        """Write nothing."""

    def write_text(self, number: int, text: bytes) -> None:
        """Write nothing."""


def _depth(frame: FrameType | None) -> int:
    """How many frames there are from this one outwards."""
    depth = 0
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    return depth


def polled_by(loop: Any) -> int:
    """Return the descriptor that a loop of asyncio's polls by, plus one; 0 where it is not the standard library's."""
    selector: Any = getattr(loop, "_selector", None)
    known = getattr(sys.modules.get("selectors"), "EpollSelector", None)
    return selector.fileno() + 1 if known is not None and type(selector) is known else 0
