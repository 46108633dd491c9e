"""How late a loop gets round to a callback: put into its line on request, through its thread-safe door.

The agent's own thread does that: it sleeps in a read of a pipe until the sampler asks. There is none before the first
loop runs, and none while the program forks (Python 3.12 and later warn where there is more than one thread).
"""

from __future__ import annotations

import _thread
import itertools
import os
import sys

from . import channel
from .channel import Kind
from .clock import has_run
from .known_loops import LATE, KnownLoops, put, yielded
from .own_thread import CountedThread, OwnThread, has_ended

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .notes import Agent

# The program may patch what it finds in `os`, to guard its loop's thread; ours are taken before it begins.
_read, _write, _fstat = os.read, os.write, os.fstat
_system_says: Callable[[str], int] | None = getattr(os, "sysconf", None)

COUNTED_LAST = (3, 13) <= sys.version_info < (3, 14)
"""Whether Python counts the threads, to warn of a fork, when whoever is told of it in the parent has been told."""
OURS = 4
"""So many descriptors the agent has: its ring, both ends of the pipe, and libffi's."""


class Pings(KnownLoops):
    """The loops that run, and the thread that pings them."""

    _thread: OwnThread | CountedThread | None = None

    def __init__(self, agent: Agent, pipe: int) -> None:
        """Read what the sampler asks from the descriptor `pipe`."""
        self._begin(agent, pipe)
        try:
            # Our own end of what the sampler writes to: it ends our thread, and keeps it from waking when the sampler
            # ends: the interpreter may be ending by then.
            self.waker = high(os.open(f"/proc/self/fd/{pipe}", os.O_WRONLY | channel.NONBLOCKING))
            with _low_numbers_taken(pipe):  # libffi keeps a descriptor of its own
                self._thread = OwnThread(self._serve)
        except (OSError, ImportError, AttributeError) as error:
            agent.not_seen(f"{LATE}: no thread for that ({error})")

    def _begin(self, agent: Agent, pipe: int) -> None:
        super().__init__()
        self._agent = agent
        self.pipe, self.inode = pipe, _fstat(pipe).st_ino
        self._numbers = itertools.count(1)
        self._busy = _thread.allocate_lock()
        """Held while the thread runs, or is being started or ended."""
        self._tid, self._rests = 0, False
        self._is_due = False
        """Whether it is started when a loop comes round."""
        self._forks = _thread.allocate_lock()
        self.ping = agent.guard("pings")(self._ping)
        self.start = agent.guard("its own thread")(self._start)
        self.rest = agent.guard("its own thread")(self._rest)
        self.resume = agent.guard("its own thread")(self._resume)
        self._come_back = agent.guard("its own thread")(self._resume_now)

    def loop_runs(self, loop: Any, door: Callable[..., object]) -> None:
        """A loop begins to run in this thread; `door` puts a callback into its line."""
        super().loop_runs(loop, door)
        self.start()

    def _start(self) -> None:
        self._is_due = False
        if self._thread is None or self._busy.locked():
            return
        if self._is_heard():
            self._agent.not_seen(f"{LATE}: the program has audit hooks, which would hear of a thread for that")
        elif self._busy.acquire(blocking=False):
            try:
                self._thread.start()
            except BaseException:
                self._busy.release()
                raise

    def _rest(self) -> None:
        """End our thread before the program forks; `resume` starts it again."""
        if self._thread is None:
            return
        with self._forks:
            if self._busy.locked() and self._has(self.waker):
                _write(self.waker, channel.request(channel.REST))
                if self._is_heard():
                    has_ended(self._tid)
                else:
                    self._thread.join()

    def _is_heard(self) -> bool:
        """Whether an audit hook of the program's would hear of a call to the C library."""
        return self._agent.askers.are_heard and sys.version_info >= (3, 14)

    def _resume(self) -> None:
        if not COUNTED_LAST:
            self._resume_now()
        elif not self._is_due:  # many forks in one turn are one
            self._is_due = True
            for loop_id, door in self.doors():
                self._resume_in(loop_id, door)

    def _resume_in(self, loop_id: int, door: Callable[..., object]) -> None:
        try:
            wake = put(loop_id, door, self._come_back)
            if wake is not None:
                wake()
        except Exception:  # noqa: BLE001  as with a ping
            self._loops.pop(loop_id, None)

    def _resume_now(self) -> None:
        if self._loops:
            self._start()

    def forget(self) -> None:
        """In a forked child: there is no thread of ours here, and none is to come."""
        self._thread = None
        self._loops.clear()

    def begin_anew(self, pipe: int, waker: int) -> None:
        """In a forked child that is followed: it is asked by a pipe of its own, and no thread of the parent's is here.

        Whatever thread of the parent's held our locks is not here either.
        """
        self.pipe, self.inode, self.waker = pipe, _fstat(pipe).st_ino, waker
        self._loops.clear()
        self._busy, self._forks = _thread.allocate_lock(), _thread.allocate_lock()
        if self._thread is not None:
            self._thread.forget()

    def _serve(self) -> None:
        """Answer the sampler; runs in our own thread."""
        self._rests = False
        try:
            self._tid = self._native_id()
            self._agent.note(Kind.READY)
            while self._answer():
                pass
        except BaseException as error:  # noqa: BLE001  nobody is above us
            self._agent.failures.count("pings", error)  # type: ignore[arg-type]
        self._ended()
        self._busy.release()

    def _ended(self) -> None:
        """Our thread is about to end."""

    def _answer(self) -> bool:
        """Wait for what is asked, and answer; returns whether to go on."""
        if not self._has(self.pipe):
            return False
        asked = set(channel.requests(_read(self.pipe, 4096)))
        for tid in asked - {channel.REST}:
            self.ping(tid)
        self._rests = channel.REST in asked
        return bool(asked) and not self._rests

    def _has(self, descriptor: int) -> bool:
        """Whether an end of the pipe is still ours: the program may have closed it, and opened something else."""
        try:
            return _fstat(descriptor).st_ino == self.inode
        except OSError:
            return False

    def _ping(self, which: int) -> None:
        for loop_id, (tid, door) in list(self._loops.items()):
            if tid == which:
                try:
                    self._ping_one(loop_id, tid, door)
                except Exception:  # noqa: BLE001  whatever a loop that is closing raises, the program must not see it
                    self._loops.pop(loop_id, None)

    def _ping_one(self, loop_id: int, tid: int, door: Callable[..., object]) -> None:
        number, pong, had_run = next(self._numbers), self._agent.guard("pongs")(self._pong), has_run(tid)
        wake = put(loop_id, door, lambda: pong(loop_id, number, tid, had_run, door))
        self._agent.note(Kind.PINGED, number, loop_id, code=had_run)
        if wake is not None:
            wake()

    def _pong(self, loop_id: int, number: int, tid: int, had_run: int, door: object) -> None:
        ran = min((has_run(tid) - had_run) // 1000, channel.MOST_AMOUNT) if had_run else 0
        self._agent.note(Kind.PONG, number, loop_id, code=yielded(loop_id, door), amount=max(ran, 0))


class _low_numbers_taken:  # noqa: N801  reads as what it does
    """Whatever is opened meanwhile is out of the program's way, as far as its limit goes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._taken: list[int] = []

    def __enter__(self) -> None:
        try:
            first = first_descriptor()
            while not self._taken or self._taken[-1] < first:
                self._taken.append(os.dup(self._descriptor))
        except OSError:  # the limit is lower than that
            os.close(self._taken.pop())

    def __exit__(self, *_: object) -> None:
        for descriptor in self._taken:
            os.close(descriptor)


def first_descriptor() -> int:
    """Return from which number on ours lie: high, or where the limit is low the last ones below it."""
    limit = _system_says("SC_OPEN_MAX") if _system_says is not None else -1
    return channel.FIRST_DESCRIPTOR if limit < 0 else max(3, min(channel.FIRST_DESCRIPTOR, limit - OURS))


def high(descriptor: int) -> int:
    """Move a descriptor out of the program's way: its own get the numbers that they would get without us."""
    moved = -1
    if sys.platform != "win32":
        try:
            import fcntl  # noqa: PLC0415  only where there is an agent

            moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, first_descriptor())
        except (OSError, ImportError):  # the limit is lower than that, or a Python without it
            moved = -1
    if moved < 0:
        os.set_inheritable(descriptor, False)  # noqa: FBT003  it has no keyword
        return descriptor
    os.close(descriptor)
    return moved
