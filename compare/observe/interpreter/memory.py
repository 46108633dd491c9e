"""Python stacks of another process, read from outside through `/proc/PID/mem`: no pause, no debugger, no GIL.

A thread that waits in a system call, or for the GIL, does not change its frames, so they can be read at leisure: that
is what makes a line exact even for a C call that sleeps with the GIL held. A running thread changes them under our
eyes; what is read then is checked (types, ranges), and dropped where it does not hold.

Where CPython keeps things differs between versions, and is not written down here: `calibrate` parks a thread of its
own, whose stack it knows, and looks for the known values in memory. The observed process runs the same interpreter,
so the same offsets hold there. What cannot be found, or does not read back right, is `Unreadable`.

Facts about the format: the line table of a code object, https://github.com/python/cpython/blob/main/InternalDocs/code_objects.md
"""

# ruff: noqa: EM101, EM102, TRY003  what is unreadable is told in a sentence
# ruff: noqa: FLY002  strings that are made at run time are not interned

from __future__ import annotations

import _thread
import contextlib
import ctypes
import os
import struct
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import CodeType, FrameType

POINTER = struct.Struct("<Q")
WORD = 8
MOST_FRAMES = 1200
MOST_THREADS = 5000
GIL_BYTES = 320
"""More than CPython's `_gil_runtime_state` takes: two condition variables, two mutexes, and a few words."""


SHIM = "<interpreter trampoline>"
"""CPython 3.12 puts a frame of this name where C called Python; it is nobody's code."""


class Unreadable(Exception):  # noqa: N818  reads as what it is
    """This interpreter's memory is not as expected, or the process may not be read; the message says which."""


class Memory:
    """The memory of a process, at rest or running. Reading raises `OSError` where nothing is mapped."""

    def __init__(self, pid: int) -> None:
        """Open it. Raises `OSError` where that is not allowed."""
        self._descriptor = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)

    def read(self, address: int, size: int) -> bytes:
        """Return `size` bytes, or raise `OSError`."""
        try:
            data = os.pread(self._descriptor, size, address)
        except (OverflowError, ValueError) as error:  # not an address at all: torn while the thread ran
            raise OSError(str(error)) from None
        if len(data) != size:
            message = f"only {len(data)} of {size} bytes at {address:#x}"
            raise OSError(message)
        return data

    def pointer(self, address: int) -> int:
        """Return the word at `address`."""
        return int.from_bytes(self.read(address, WORD), "little")

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._descriptor)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where this interpreter keeps what we read; offsets in bytes."""

    image: str
    """The file that `_PyRuntime` is in: the executable or libpython."""
    runtime: int
    """Of `_PyRuntime` from where the image is mapped."""
    interpreter: int
    threads: int
    next_thread: int
    ident: int
    native_id: int
    frame: int
    frame_behind: int | None
    """3.11 and 3.12 keep the frame one pointer further (`cframe`): at this offset there."""
    gil_in_runtime: int | None
    gil_in_interpreter: int | None
    code: int
    previous: int
    instruction: int
    locals: int
    filename: int
    qualname: int
    linetable: int
    first_line: int
    first_instruction: int
    code_type: int
    """Of the type of code objects from where the image is mapped."""
    text_headers: dict[int, tuple[int, int]]
    """A `str`'s state word without its interned bits -> (bytes a character, offset of the first)."""
    text_state_mask: int
    bytes_header: int


@dataclass(frozen=True, slots=True)
class Code:
    """What a code object says of itself."""

    filename: str
    qualname: str
    first_line: int
    lines: tuple[tuple[int, int], ...]
    """(end in code units, line), ascending; line 0: none."""

    def line(self, unit: int) -> int:
        """Return the line of an instruction, counted in code units (two bytes)."""
        low, high = 0, len(self.lines)
        while low < high:
            middle = (low + high) // 2
            if self.lines[middle][0] <= unit:
                low = middle + 1
            else:
                high = middle
        found = self.lines[low][1] if low < len(self.lines) else 0
        return found or self.first_line


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of a Python stack.

    `address` and `first_local` tell two activations of the same function apart.
    """

    code: Code
    line: int
    address: int
    first_local: int
    previous: int
    """The address of its caller's frame."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A Python thread: its state's address, what `threading` calls `ident`, and the kernel's id."""

    state: int
    ident: int
    native_id: int


def decode_lines(table: bytes, first_line: int) -> tuple[tuple[int, int], ...]:
    """Return (end in code units, line) for a code object's line table; line 0 where an instruction has none."""
    lines = []
    line, unit, at = first_line, 0, 0

    def number() -> int:
        nonlocal at
        shift = value = 0
        while True:
            byte = table[at]
            at += 1
            value |= (byte & 63) << shift
            if not byte & 64:
                return value
            shift += 6

    def signed() -> int:
        value = number()
        return -(value >> 1) if value & 1 else value >> 1

    while at < len(table):
        first = table[at]
        at += 1
        unit += (first & 7) + 1
        form = first >> 3 & 15
        here = True
        if form == 15:  # no location
            here = False
        elif form == 14:  # line, end line, column, end column
            line += signed()
            number()
            number()
            number()
        elif form == 13:  # no columns
            line += signed()
        elif form >= 10:
            line += form - 10
            at += 2
        else:
            at += 1
        lines.append((unit, line if here else 0))
    return tuple(lines)


class Reader:
    """Reads the Python threads of one process that runs the interpreter of `layout`.

    Raises:
        Unreadable: the process runs something else, has ended, or may not be read.
    """

    def __init__(self, pid: int, layout: Layout) -> None:
        """Find the interpreter."""
        self.layout = layout
        try:
            base = _image_base(pid, layout.image)
            self.memory = Memory(pid)
        except OSError as error:
            raise Unreadable(f"process {pid} can't be read: {error.strerror or error}") from None
        self._code_type = base + layout.code_type
        self.runtime = base + layout.runtime
        self._codes: dict[int, tuple[bytes, Code]] = {}
        self._believed: set[int] = set()
        low = min(layout.filename, layout.qualname, layout.linetable, layout.first_line)
        high = max(layout.filename, layout.qualname, layout.linetable, layout.first_line) + WORD
        self._code_span = (low, high)
        self._frame_size = max(layout.code, layout.previous, layout.instruction, layout.locals) + WORD
        self._frame_words = struct.Struct(f"<{self._frame_size // WORD}Q")

    def close(self) -> None:
        """Let the process go."""
        self.memory.close()

    def interpreter(self) -> int:
        """Return the main interpreter's address; 0 before it is made."""
        return self.memory.pointer(self.runtime + self.layout.interpreter)

    def gil(self) -> int | None:
        """Return the address of the main interpreter's GIL."""
        layout = self.layout
        if layout.gil_in_runtime is not None:
            return self.runtime + layout.gil_in_runtime
        interpreter = self.interpreter()
        if layout.gil_in_interpreter is None or not interpreter:
            return None
        return interpreter + layout.gil_in_interpreter

    def threads(self) -> list[Thread]:
        """Return the Python threads of the main interpreter."""
        layout = self.layout
        found: list[Thread] = []
        state = self.memory.pointer(self.interpreter() + layout.threads)
        size = max(layout.next_thread, layout.ident, layout.native_id) + WORD
        while state and len(found) < MOST_THREADS:
            words = self.memory.read(state, size)
            found.append(Thread(state, _word(words, layout.ident), _word(words, layout.native_id)))
            state = _word(words, layout.next_thread)
        return found

    def native_id(self, state: int) -> int:
        """Return the kernel's id of a thread, by its state's address."""
        return self.memory.pointer(state + self.layout.native_id)

    def stack(self, state: int, most: int = MOST_FRAMES, below: Sequence[Frame] = ()) -> list[Frame]:
        """Return a thread's frames, innermost first; empty when they changed while they were read.

        Args:
            state: the thread's.
            most: how many to read at the most.
            below: frames that it had before, from one on whose call has not ended: if that one is found again, so are
                the others. A thread that runs is read the more truly, the more quickly it is read.

        Raises:
            OSError: the thread or the process has ended.
        """
        layout, memory = self.layout, self.memory
        address = memory.pointer(state + layout.frame)
        if layout.frame_behind is not None:
            if not address:
                return []
            address = memory.pointer(address + layout.frame_behind)
        found: list[Frame] = []
        known = below[0] if below else None
        try:
            while address and len(found) < most:
                frame, previous = self._frame(address)
                if frame is not None:
                    found.append(frame)
                    if known is not None and frame.address == known.address and _is_same_call(frame, known):
                        found.extend(below[1:])
                        return found
                address = previous
        except (OSError, UnicodeDecodeError, IndexError):
            return found if below else []  # half a stack tells what runs, where it is known what lies below
        return found

    def _frame(self, address: int) -> tuple[Frame | None, int]:
        layout = self.layout
        words = self._frame_words.unpack(self.memory.read(address, self._frame_size))
        code_address, previous = words[layout.code // WORD], words[layout.previous // WORD]
        code = self._code(code_address)
        if code is None or code.qualname == SHIM:
            return None, previous
        unit = (words[layout.instruction // WORD] - code_address - layout.first_instruction) // 2
        return Frame(code, code.line(max(unit, 0)), address, words[layout.locals // WORD], previous), previous

    def doubt(self) -> None:
        """Look at each code object anew before it is believed: one may have been freed, and another made there."""
        self._believed.clear()

    def code(self, address: int) -> Code | None:
        """Return what the code object at `address` says of itself; `None` if there is none."""
        try:
            return self._code(address)
        except (OSError, UnicodeDecodeError, IndexError):
            return None

    def _code(self, address: int) -> Code | None:
        low, high = self._code_span
        known = self._codes.get(address)
        if known is not None and address in self._believed:
            return known[1]
        raw = self.memory.read(address + low, high - low)
        if known is not None and known[0] == raw:
            self._believed.add(address)
            return known[1]
        if self.memory.pointer(address + WORD) != self._code_type:
            return None
        layout = self.layout
        first_line = int.from_bytes(raw[layout.first_line - low : layout.first_line - low + 4], "little", signed=True)
        code = Code(
            filename=self._text(_word(raw, layout.filename - low)),
            qualname=self._text(_word(raw, layout.qualname - low)),
            first_line=first_line,
            lines=decode_lines(self._bytes(_word(raw, layout.linetable - low)), first_line),
        )
        self._codes[address] = (raw, code)
        self._believed.add(address)
        return code

    def _text(self, address: int) -> str:
        layout = self.layout
        head = self.memory.read(address, 40)
        length, state = _word(head, 16), head[32] & layout.text_state_mask
        if length > 4096 or state not in layout.text_headers:
            message = f"no text at {address:#x}"
            raise OSError(message)
        width, start = layout.text_headers[state]
        data = self.memory.read(address + start, length * width) if length else b""
        return data.decode({1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}[width])

    def _bytes(self, address: int) -> bytes:
        length = self.memory.pointer(address + 16)
        if length > 1 << 20:
            message = f"no line table at {address:#x}"
            raise OSError(message)
        return self.memory.read(address + self.layout.bytes_header, length) if length else b""


def _is_same_call(one: Frame, other: Frame) -> bool:
    return one.code is other.code and one.previous == other.previous


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + WORD], "little")


def _image_base(pid: int, image: str) -> int:
    with Path(f"/proc/{pid}/maps").open() as maps:
        for line in maps:
            fields = line.split(maxsplit=5)
            if len(fields) == 6 and fields[5].rstrip("\n").removesuffix(" (deleted)") == image:
                return int(fields[0].split("-")[0], 16)
    raise Unreadable(f"process {pid} does not run {image}")


# --- calibration: on a thread of our own, whose values are known -------------------------------------------------

_PARKED = "\n" * 54320 + "def parked(marker, known, gate):\n    known()\n    gate.acquire()\n"
_FIRST_LINE = 54321


@dataclass(frozen=True, slots=True)
class _Known:
    """The parked thread, as it is known from inside."""

    state: int
    ident: int
    native_id: int
    frame: FrameType
    code: CodeType
    marker: object


@contextlib.contextmanager
def _parked_thread(state_of: Any) -> Iterator[_Known]:
    namespace: dict[str, Any] = {}
    exec(compile(_PARKED, "<parked>", "exec"), namespace)  # noqa: S102  a function at a line that nothing else has
    parked, marker = namespace["parked"], object()
    gate, ready, ended = _thread.allocate_lock(), _thread.allocate_lock(), _thread.allocate_lock()
    for lock in (gate, ready, ended):
        lock.acquire()
    told: list[int] = []

    def known() -> None:
        told.extend((state_of(), _thread.get_ident(), _thread.get_native_id()))
        ready.release()

    def outer() -> None:
        try:
            parked(marker, known, gate)
        finally:
            ended.release()

    _thread.start_new_thread(outer, ())
    try:
        ready.acquire()
        frame = sys._current_frames()[told[1]]  # noqa: SLF001  the only door to another thread's frame
        while frame.f_code is not parked.__code__:  # still on its way out of `known`
            _thread.allocate_lock().acquire(timeout=0.001)
            frame = sys._current_frames()[told[1]]  # noqa: SLF001
        yield _Known(told[0], told[1], told[2], frame, parked.__code__, marker)
    finally:
        gate.release()
        ended.acquire()


@cache
def calibrate() -> Layout:
    """Find out where this interpreter keeps what `Reader` reads; a few milliseconds, once.

    Raises:
        Unreadable: not CPython on Linux, or not as expected.
    """
    if sys.implementation.name != "cpython" or not sys.platform.startswith("linux"):
        raise Unreadable("Python stacks are read from outside on Linux, with CPython")
    if struct.calcsize("P") != WORD or sys.byteorder != "little":
        raise Unreadable("Python stacks are read from outside on 64-bit little-endian machines")
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        raise Unreadable("Python stacks are not read from outside without a GIL")
    api = ctypes.pythonapi
    state_of, interpreter_of = api.PyThreadState_Get, api.PyInterpreterState_Get
    state_of.restype = interpreter_of.restype = ctypes.c_void_p
    memory = Memory(os.getpid())
    interval = sys.getswitchinterval()
    try:
        with _parked_thread(state_of) as known:
            sys.setswitchinterval(0.004321)  # a number to find the GIL by
            layout = _search(memory, known, state_of(), interpreter_of())
            sys.setswitchinterval(interval)
            _check(layout, known)
            return layout
    except (OSError, LookupError) as error:
        raise Unreadable(f"this interpreter's memory is not as expected: {error}") from None
    finally:
        sys.setswitchinterval(interval)
        memory.close()


def _search(memory: Memory, known: _Known, own_state: int, interpreter: int) -> Layout:
    image, base = _image_of(ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime")))
    runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))
    runtime_words, interpreter_words = _most(memory, runtime), _most(memory, interpreter)
    gil = struct.pack("<QQ", 4321, own_state)  # not whether it is locked: reading memory lets go of it
    in_runtime, in_interpreter = runtime_words.find(gil), interpreter_words.find(gil)
    if in_runtime < 0 and in_interpreter < 0:
        message = "no GIL found"
        raise LookupError(message)
    state = memory.read(known.state, 512)
    top, above = known.frame, known.frame.f_back
    assert above is not None
    frame, previous = memory.pointer(id(top) + 24), memory.pointer(id(above) + 24)
    words = memory.read(frame, 128)
    at_frame, behind = _frame_pointer(memory, state, frame)
    code, at_code = memory.read(id(known.code), 256), _find(words, id(known.code), "a frame's code")
    instruction, first_instruction = _instruction(words, known)
    masks = _text_headers(memory)
    return Layout(
        image=image,
        runtime=runtime - base,
        interpreter=_find(runtime_words, interpreter, "the interpreter"),
        threads=_find(interpreter_words, known.state, "the threads"),
        next_thread=_next_thread(memory, known.state, own_state),
        ident=_find(state, known.ident, "a thread's ident"),
        native_id=_find(state, known.native_id, "a thread's native id"),
        frame=at_frame,
        frame_behind=behind,
        gil_in_runtime=in_runtime if in_runtime >= 0 else None,
        gil_in_interpreter=in_interpreter if in_runtime < 0 else None,
        code=at_code,
        previous=_find(words, previous, "a frame's caller"),
        instruction=instruction,
        locals=_find(words, id(known.marker), "a frame's locals"),
        filename=_find(code, id(known.code.co_filename), "a code's file name"),
        qualname=_find(code, id(known.code.co_qualname), "a code's name", last=True),
        linetable=_find(code, id(known.code.co_linetable), "a code's line table"),
        first_line=_find(code, _FIRST_LINE, "a code's first line", size=4),
        first_instruction=first_instruction,
        code_type=id(type(known.code)) - base,
        text_headers=masks[1],
        text_state_mask=masks[0],
        bytes_header=sys.getsizeof(b"") - 1,
    )


def _find(data: bytes, value: int, what: str, *, size: int = WORD, last: bool = False) -> int:
    order = range(0, len(data) - size + 1, size)
    for at in reversed(order) if last else order:
        if int.from_bytes(data[at : at + size], "little") == value:
            return at
    message = f"{what} was not found"
    raise LookupError(message)


def _next_thread(memory: Memory, state: int, own_state: int) -> int:
    """Where the newest thread's state names the next older one's: that way leads to our own."""
    for at in range(0, 64, WORD):
        seen, there = {state}, state
        with contextlib.suppress(OSError):
            while there not in {0, own_state} and len(seen) < MOST_THREADS:
                there = memory.pointer(there + at)
                if there in seen:
                    break
                seen.add(there)
        if there == own_state:
            return at
    message = "the next thread was not found"
    raise LookupError(message)


def _frame_pointer(memory: Memory, state: bytes, frame: int) -> tuple[int, int | None]:
    with contextlib.suppress(LookupError):
        return _find(state, frame, "the frame"), None
    for at in range(0, len(state), WORD):
        with contextlib.suppress(OSError):
            behind = memory.read(_word(state, at), 24)
            if (found := behind.find(POINTER.pack(frame))) >= 0 and found % WORD == 0:
                return at, found
    message = "a thread's frame was not found"
    raise LookupError(message)


def _instruction(words: bytes, known: _Known) -> tuple[int, int]:
    size = sys.getsizeof(known.code)
    for at in range(0, len(words), WORD):
        offset = _word(words, at) - id(known.code)
        if 0 < offset < size + 64:
            return at, offset - known.frame.f_lasti
    message = "a frame's instruction was not found"
    raise LookupError(message)


def _text_headers(memory: Memory) -> tuple[int, dict[int, tuple[int, int]]]:
    """How a `str` says what it is made of: kind and width, without the bits that say how it is kept."""

    def state(text: str) -> int:
        return memory.read(id(text) + 32, 1)[0]

    samples = {1: "".join(["ab", "cd"]), 0: "".join(["é", "ab"]), 2: "".join(["Ā", "ab"]), 4: "".join(["😀", "ab"])}
    plain = state(samples[1])
    interned = sys.intern("".join(["interned ", "sample"]))
    mask = 0xFC & ~(state(interned) ^ plain) & ~(state("a") ^ plain)  # "a" is part of the interpreter itself
    found = {}
    for width, text in samples.items():
        size = width or 1
        found[state(text) & mask] = (size, sys.getsizeof(text) - (len(text) + 1) * size)
    return mask, found


def _most(memory: Memory, address: int) -> bytes:
    """As much as is mapped from `address` on, up to 1 MiB."""
    data = b""
    with contextlib.suppress(OSError):
        while len(data) < 1 << 20:
            data += memory.read(address + len(data), 4096 - (address + len(data)) % 4096)
    return data


def _image_of(address: int) -> tuple[str, int]:
    """The file whose mapping `address` lies in or right behind (`.bss`), and where it starts."""
    image, base = "", 0
    for line in Path("/proc/self/maps").read_text().splitlines():
        fields = line.split(maxsplit=5)
        low, high = (int(part, 16) for part in fields[0].split("-"))
        if len(fields) == 6 and fields[5].startswith("/") and fields[5] != image:
            image, base = fields[5], low
        if low <= address < high:
            return image, base
    message = "_PyRuntime is not mapped"
    raise LookupError(message)


def _check(layout: Layout, known: _Known) -> None:
    """Read the parked thread as a stranger would."""
    reader = Reader(os.getpid(), layout)
    try:
        threads = {thread.ident: thread for thread in reader.threads()}
        seen = [(frame.code.qualname, frame.line) for frame in reader.stack(threads[known.ident].state)]
    finally:
        reader.close()
    expected = []
    frame: FrameType | None = known.frame
    while frame is not None:
        expected.append((frame.f_code.co_qualname, frame.f_lineno))
        frame = frame.f_back
    if seen != expected or threads[known.ident].native_id != known.native_id or _thread.get_ident() not in threads:
        message = f"a stack read as {seen}, not {expected}"
        raise LookupError(message)
