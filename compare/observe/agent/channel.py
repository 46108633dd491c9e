"""What the agent in the observed process and the sampler outside share: a ring of small records, and a pipe.

The ring is memory that both have mapped. The agent writes a record without a system call, so without letting go of
the GIL, and what it has written outlives a process that is killed, crashes or calls `os._exit`. Names and sentences
lie beside the records, which name them by number: the writer never waits, and what a slow reader has not read in time
is written over, and counted as lost. The pipe carries requests the other way: the agent sleeps in a read of it, and
costs nothing while nobody asks.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
from enum import IntEnum

TYPE_CHECKING = False  # `typing` takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .record import Record

Where = int | str
"""Where shared memory is: a descriptor; on Windows, where none is handed to another process, a name."""

VARIABLE = "COMPARE_OBSERVE"
"""The environment variable that has a process install its agent: `setting` says what is in it."""

FIRST_DESCRIPTOR = 700
"""The agent's own lie high, so that the program's get the numbers that they would get without us."""

RECORDS = 1 << 15
TEXTS = 1 << 9
TEXT_BYTES = 240
"""The longest text; what is longer is cut."""
MOST_AMOUNT = 0xFFFFFFFF
"""What a record's amount can hold."""
REST = 0xFFFFFFFF
"""What the agent asks of itself before the program forks, where the sampler asks for a ping of the loop in thread N."""

NONBLOCKING = getattr(os, "O_NONBLOCK", 0)
_REQUEST = struct.Struct("<I")
_RECORD = struct.Struct("<QQIIQQQII")
"""Number (from 1, written last), time, kind, thread, two subjects, a code object, a line, an amount; 56 bytes."""
_NUMBER = struct.Struct("Q")
_FIELDS = struct.Struct("<QIIQQQII")
_SLOT = 64
_TEXT_HEAD = struct.Struct("<QH")
"""Number (from 1, written last) and length, before a text."""
_TEXT_SLOT = 256
_AFTER_TEXTS = TEXTS * _TEXT_SLOT
_AFTER_RECORDS = _AFTER_TEXTS + RECORDS * _SLOT
_PIPE = struct.Struct("<QQ")
"""Inode and descriptor of the pipe by which the agent is asked; an inode of 0: there is none yet."""
SIZE = _AFTER_RECORDS + _PIPE.size
"""Of a ring, in bytes."""
# The program may patch what it finds in `os`; a forked child's ring is made with what was there before it began.
_memory_of: Callable[[str, int], int] | None = getattr(os, "memfd_create", None)
_truncate, _stat, _open_pipe = os.truncate, os.fstat, os.pipe


class Setting:
    """What an agent is told: `ring,pipe,sampler[,children]`.

    Without a ring it is to make its own, to be found. With a ring and no pipe nobody asks it: it goes by its own clock.
    """

    def __init__(self, ring: Where | None, pipe: int | None, sampler: int, *, children: bool) -> None:
        """Tell where its memory is, of the sampler's process, and whether what the program starts is followed."""
        self.ring, self.pipe, self.sampler, self.children = ring, pipe, sampler, children

    @classmethod
    def read(cls, text: str) -> Setting:
        """Return what a setting says."""
        ring, pipe, sampler, *more = text.split(",")
        where: Where | None = int(ring) if ring.isdecimal() else ring or None
        return cls(where, int(pipe) if pipe else None, int(sampler), children=more == ["children"])

    def __str__(self) -> str:
        """Return what `read` reads."""
        words = ["" if each is None else str(each) for each in (self.ring, self.pipe, self.sampler)]
        return ",".join([*words, "children"] if self.children else words)


def request(what: int) -> bytes:
    """Return what is written to the pipe to ask for a ping of the loop in a thread."""
    return _REQUEST.pack(what)


def requests(data: bytes) -> Iterator[int]:
    """Yield what was asked for."""
    for (what,) in _REQUEST.iter_unpack(data[: len(data) // _REQUEST.size * _REQUEST.size]):
        yield what


class Kind(IntEnum):
    """What a record tells. In brackets: its two subjects, and its amount."""

    LOOP_RUNS = 1
    """An event loop begins to run in this thread (loop, the descriptor that it polls by plus one, 0: not known; stack
    depth below it). `code`: 1 asyncio, 2 other, 3 trio."""
    LOOP_ENDS = 2
    """(loop)"""
    PONG = 3
    """A loop got round to a ping (the ping's number, loop). `code`: a task that gave way and stands in line again.

    Amount: how many microseconds the loop's thread was on a processor since this one was put in its line; by the
    agent's own clock, since the one before, and `line`: for how many of them the agent itself was kept from running
    while this one stood in line.
    """
    ASKED = 4
    """Work wants a thread or a token (request, pool; how many the pool has, 0: as many as are asked for).

    `code` and `line`: who asks.
    """
    STARTED = 5
    """It got it, in this thread (request, pool)."""
    ENDED = 6
    """It is done (request, pool)."""
    READY = 7
    """The agent is at work, in this thread."""
    WITHDRAWN = 8
    """Whoever asked no longer waits (request, pool)."""
    PINGED = 9
    """A ping was put in a loop's line (the ping's number, loop; by the agent's own clock: microseconds late).

    `code`: how long the loop's thread had been on a processor then, in nanoseconds, 0 where that isn't told.
    """
    ADMITTED = 10
    """Whoever asked got a token (request, pool)."""

    WINDOW_OPENS = 11
    """For a process that watches itself (the window's number, its threshold in nanoseconds; whether imports count).

    `code`: how long the thread had been on a CPU, in nanoseconds.
    """
    WINDOW_DROPS = 12
    """What was seen in it is of no interest (the window's number)."""
    IN_LINE = 13
    """As `ASKED`, of a limiter: there is no token, so it stands in line until `ADMITTED` or `WITHDRAWN`."""
    FOR_PROCESS = 20
    """As `IN_LINE`, of a pool of processes."""
    DONE = 21
    """A pool's process has done what it was asked for, and this thread hands its result on (request, pool)."""
    THREAD_NAMED = 14
    """A thread has begun, or got another name (its id; the number of its name's text)."""
    NOT_SEEN = 15
    """A door has declined (the number of the sentence's text)."""
    FAILED = 16
    """The agent itself failed (which of its notes, how often; the first time, the number of a sentence's text)."""
    FORKED = 17
    """The program has forked: there is a child to be found."""
    DELIVERED = 19
    """This thread completes a future of a loop's (when that was made; loop; twice what is in its queue, where that is
    known, and 1 more where anybody waits for the future). `code` and `line`: who does.
    """
    STANDS = 18
    """A frame of a loop's thread, by the agent's own look (the frame, loop; the number of a text: function and file).

    `code`: how far it is from the innermost, which comes first; `line`: its line.
    """


_KINDS = {int(kind): kind for kind in Kind}
"""By their numbers: `Kind(number)` takes several times as long, and there may be a hundred thousand a second."""


def shared_memory(name: str, size: int) -> Where:
    """Return where new memory is, `size` zeroes, that several processes can map; `let_go` gives it back."""
    where: Where
    if sys.platform == "win32":
        where = f"{name}-{os.getpid()}-{os.urandom(8).hex()}"
        _held[where] = mmap.mmap(-1, size, tagname=where)  # it is there as long as somebody has it mapped
    elif sys.platform == "linux" and _memory_of is not None:
        _truncate(where := _memory_of(name, os.MFD_CLOEXEC), size)
    else:
        import tempfile  # noqa: PLC0415  not in a program's start

        with tempfile.TemporaryFile() as file:
            _truncate(where := os.dup(file.fileno()), size)
    return where


def mapped(where: Where, size: int) -> mmap.mmap:
    """Return shared memory, mapped."""
    if sys.platform == "win32":
        return mmap.mmap(-1, size, tagname=str(where))
    else:  # noqa: RET505  mypy is told what is whose
        assert isinstance(where, int)
        return mmap.mmap(where, size)


def let_go(where: Where) -> None:
    """Give back what `shared_memory` returned: whoever has it mapped keeps it."""
    if isinstance(where, int):
        os.close(where)
    elif where in _held:
        _held.pop(where).close()


_held: dict[str, mmap.mmap] = {}
"""What is shared by its name until whoever it is for has mapped it."""


RING = "compare-ring-"


def ring_name(sampler: int) -> str:
    """Return the name of the rings that a sampler looks for: another's are not taken for its own."""
    return f"{RING}{sampler}"


def create_to_be_found(sampler: int) -> tuple[int, int, int]:
    """Return descriptors for an agent that nobody has given any: its ring, and the pipe's two ends.

    The sampler finds the ring by its name among the process's descriptors, and the pipe by what the ring says.
    """
    read, write = _open_pipe()
    try:
        unblock(write)
        ring = Ring.create(sampler)
        assert isinstance(ring, int), "where what is open can be found"
        return ring, read, write  # noqa: TRY300  that it is one may fail
    except BaseException:
        os.close(read)
        os.close(write)
        raise


def unblock(descriptor: int) -> None:
    """Have a pipe's end never wait, where pipes can be told so."""
    if sys.platform != "win32" and hasattr(os, "set_blocking"):
        os.set_blocking(descriptor, False)


class Ring:
    """The shared memory, seen from either side."""

    def __init__(self, where: Where | mmap.mmap) -> None:
        """Map it, if that is not done; a descriptor may be closed then."""
        self._memory = mapped(where, SIZE) if isinstance(where, (int, str)) else where
        self._next = 0
        self.lost = 0
        """How many records were written over before they were read (sampler's side)."""

    @staticmethod
    def create(sampler: int = 0) -> Where:
        """Return where a new, empty one is, which this sampler knows by its name."""
        return shared_memory(ring_name(sampler), SIZE)

    def tell_pipe(self, descriptor: int) -> None:
        """Say by which pipe this agent is asked, of which that descriptor is the reading end (agent's side)."""
        _PIPE.pack_into(self._memory, _AFTER_RECORDS, _stat(descriptor).st_ino, descriptor)

    def pipe(self) -> tuple[int, int]:
        """Return that pipe's inode and descriptor; zeroes where none has been told (sampler's side)."""
        inode, descriptor = _PIPE.unpack_from(self._memory, _AFTER_RECORDS)
        return inode, descriptor

    def write(self, number: int, *fields: int) -> None:
        """Write record `number`, counted from 1 by the writer (agent's side). Takes about a microsecond."""
        at = _AFTER_TEXTS + (number - 1) % RECORDS * _SLOT
        _FIELDS.pack_into(self._memory, at + _NUMBER.size, *fields)
        # Last, and in one store: the sampler takes it for the sign that the rest is there.
        _NUMBER.pack_into(self._memory, at, number)

    @property
    def position(self) -> int:
        """Up to which record it has been read (sampler's side)."""
        return self._next

    def go_on_from(self, position: int) -> None:
        """Read what comes after that record, up to which an earlier reader has come (sampler's side)."""
        self._next = position

    def read(self) -> Iterator[Record]:
        """Yield what has been written since the last time, in order (sampler's side)."""
        from .record import Record  # noqa: PLC0415  not in the program

        while True:
            at = _AFTER_TEXTS + self._next % RECORDS * _SLOT
            number, time_ns, kind, tid, first, second, code, line, amount = _RECORD.unpack_from(self._memory, at)
            if number != self._next + 1:
                if number <= self._next:
                    return
                self.lost += number - 1 - self._next  # overtaken: the oldest are lost
                self._next = number - 1
            self._next += 1
            yield Record(time_ns, _KINDS[kind], tid, first, second, code, line, amount)

    def write_text(self, number: int, text: bytes) -> None:
        """Leave text `number`, counted from 1 by the writer, before the record that names it (agent's side)."""
        at, text = (number - 1) % TEXTS * _TEXT_SLOT, text[:TEXT_BYTES]
        _NUMBER.pack_into(self._memory, at, 0)
        self._memory[at + _TEXT_HEAD.size : at + _TEXT_HEAD.size + len(text)] = text
        _TEXT_HEAD.pack_into(self._memory, at, number, len(text))

    def text(self, number: int) -> str | None:
        """Return a text; `None` if there is none, or it has been written over (sampler's side)."""
        at = (number - 1) % TEXTS * _TEXT_SLOT
        before, size = _TEXT_HEAD.unpack_from(self._memory, at)
        data = self._memory[at + _TEXT_HEAD.size : at + _TEXT_HEAD.size + size]
        after, _ = _TEXT_HEAD.unpack_from(self._memory, at)
        return data.decode(errors="replace") if number and before == after == number else None

    def close(self) -> None:
        """Unmap it."""
        self._memory.close()
