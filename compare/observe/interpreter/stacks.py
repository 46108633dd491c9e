"""Python stacks of another process, read from outside: no pause, no debugger, no GIL.

A thread that waits in a system call, or for the GIL, does not change its frames, so they can be read at leisure: that
is what makes a line exact even for a C call that sleeps with the GIL held. A running thread changes them under our
eyes; what is read then is checked (types, ranges), and dropped where it does not hold.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compare.observe.interpreter.code_objects import Code, decode_lines, entered
from compare.observe.interpreter.layout import TAGS
from compare.observe.interpreter.memory import WORD, Memory, Unreadable, word
from compare.observe.kernel.namespaces import ThreadIds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compare.observe.interpreter.layout import Layout

MOST_FRAMES = 1200
MOST_THREADS = 5000
GIL_BYTES = 320
"""More than CPython's `_gil_runtime_state` takes: two condition variables, two mutexes, and a few words."""
SHIM = "<interpreter trampoline>"
"""CPython 3.12 puts a frame of this name where C called Python; it is nobody's code."""
CLEANUP = "__init__"
"""The file's name of the frame that CPython 3.12 puts below an `__init__` which it calls directly: nobody's, too."""


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


class Reader:
    """Reads the Python threads of one process that runs the interpreter of `layout`.

    Raises:
        Unreadable: the process runs something else, has ended, or may not be read.
    """

    def __init__(self, pid: int, layout: Layout) -> None:
        """Find the interpreter."""
        self.pid, self.layout = pid, layout
        try:
            base = layout.image.base(pid)
            self._ids = ThreadIds(pid)
            self.memory = Memory(pid)
        except OSError as error:
            message = f"process {pid} can't be read: {error.strerror or error}"
            raise Unreadable(message) from None
        self.is_whole = False
        """Whether the stack that was read last was read down to its outermost frame."""
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
            native_id = self._ids.here(word(words, layout.native_id))
            found.append(Thread(state, word(words, layout.ident), native_id))
            state = word(words, layout.next_thread)
        return found

    def native_id(self, state: int) -> int:
        """Return the kernel's id of a thread, by its state's address."""
        return self._ids.here(self.memory.pointer(state + self.layout.native_id))

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
        self.is_whole = False
        known = below[0] if below else None
        try:
            while address and len(found) < most:
                frame, previous = self._frame(address)
                if frame is not None:
                    found.append(frame)
                    if known is not None and frame.address == known.address and _is_same_call(frame, known):
                        found.extend(below[1:])
                        self.is_whole = True
                        return found
                address = previous
        except (OSError, UnicodeDecodeError, IndexError):
            return found if below else []  # half a stack tells what runs, where it is known what lies below
        self.is_whole = not address
        return found

    def _frame(self, address: int) -> tuple[Frame | None, int]:
        layout = self.layout
        words = self._frame_words.unpack(self.memory.read(address, self._frame_size))
        code_address, previous = words[layout.code // WORD] & ~TAGS, words[layout.previous // WORD]
        code = self._code(code_address)
        if code is None or code.qualname == SHIM or code.filename == CLEANUP:
            return None, previous
        unit = (words[layout.instruction // WORD] - code_address - layout.first_instruction) // 2
        first_local = words[layout.locals // WORD] & ~TAGS
        return Frame(code, code.line(max(unit, 0)), address, first_local, previous), previous

    def frame(self, address: int) -> Frame | None:
        """Return the frame at an address; `None` for one that is nobody's code. Raises `OSError`."""
        return self._frame(address)[0]

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
        qualname = self.text(word(raw, layout.qualname - low))
        lines = decode_lines(self._bytes(word(raw, layout.linetable - low)), first_line)
        code = Code(
            filename=self.text(word(raw, layout.filename - low)),
            qualname=qualname,
            first_line=first_line,
            lines=lines if qualname == "<module>" else entered(lines, first_line),
        )
        self._codes[address] = (raw, code)
        self._believed.add(address)
        return code

    def text(self, address: int) -> str:
        """Return the `str` at an address, or raise `OSError`."""
        layout = self.layout
        head = self.memory.read(address, 40)
        length, state = word(head, 16), head[32] & layout.text_state_mask
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
