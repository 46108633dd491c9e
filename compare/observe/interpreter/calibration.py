"""Where an interpreter keeps what `stacks` reads: found by looking for a parked thread's known values in its memory.

Nothing is written down about CPython's structures, which differ between versions and builds: what `parked` tells of a
thread is searched for, and then the thread's stack is read as a stranger's would be. What is not found, or does not
read back right, is `Unreadable`.
"""

from __future__ import annotations

import contextlib
import os
import struct
import sys
from functools import cache
from typing import TYPE_CHECKING

from compare.observe.interpreter import inside, parked
from compare.observe.interpreter.layout import TAGS, Layout
from compare.observe.interpreter.memory import WORD, Image, Memory, Unreadable, mappings, word
from compare.observe.interpreter.stacks import MOST_THREADS, Reader

if TYPE_CHECKING:
    from compare.observe.interpreter.parked import Known

FRAME_BYTES = 128
"""What we look for in a frame lies in its first words."""
ATTEMPTS = 3
"""Another thread of ours may begin or end meanwhile, and be found in the parked one's stead."""


@cache
def calibrate() -> Layout:
    """Find out where this interpreter keeps what `Reader` reads; a few milliseconds, once.

    Raises:
        Unreadable: not CPython on Linux, or not as expected.
    """
    if not os.path.exists("/proc/self/mem"):  # noqa: PTH110  it is no file to be looked at
        message = "Python stacks are read from outside through /proc, which this system has not"
        raise Unreadable(message)
    if (refused := parked.refusal()) is not None:
        raise Unreadable(refusal(refused))
    for _ in range(ATTEMPTS - 1):
        with contextlib.suppress(Unreadable), parked.thread() as known:
            return found(os.getpid(), known, _inside())
    with parked.thread() as known:
        return found(os.getpid(), known, _inside())


def _inside() -> inside.Inside | None:
    with contextlib.suppress(LookupError):
        return inside.look()
    return None


def refusal(what: str) -> str:
    """Return the sentence for an interpreter that `parked` refuses."""
    return f"Python stacks are read from outside of CPython 3.11 and later, not of {what}"


def found(pid: int, known: Known, own: inside.Inside | None) -> Layout:
    """Look for what is known of a process's parked thread, and read that thread's stack by what was found.

    `own` is what its interpreter has found out by itself.

    Raises:
        Unreadable: its memory is not as expected.
    """
    if struct.calcsize("P") != WORD or sys.byteorder != "little":
        message = "Python stacks are read from outside on 64-bit little-endian machines"
        raise Unreadable(message)
    try:
        memory = Memory(pid)
        try:
            layout = _search(pid, memory, known, own)
        finally:
            memory.close()
        _check(pid, layout, known)
    except (OSError, LookupError) as error:
        version = ".".join(str(part) for part in known.version)
        message = f"the memory of Python {version} is not as expected: {error}"
        raise Unreadable(message) from None
    return layout


def _search(pid: int, memory: Memory, known: Known, own: inside.Inside | None) -> Layout:
    image, base = _image_of(pid, known.runtime)
    runtime, interpreter = _most(memory, known.runtime), _most(memory, known.interpreter)
    state = memory.read(known.state, 512)
    next_thread, states = _next_thread(memory, known)
    in_runtime, in_interpreter = (_gil(where, states) for where in (runtime, interpreter))
    if in_runtime is None and in_interpreter is None:
        message = "no GIL found"
        raise LookupError(message)
    within = _inside_frame_object(memory, known)
    frame, above = memory.pointer(known.frame + within), memory.pointer(known.frame_above + within)
    words = memory.read(frame, FRAME_BYTES)
    at_frame, behind = _frame_pointer(memory, state, frame)
    instruction, first_instruction = _instruction(words, known)
    code = memory.read(known.code, 256)
    mask, headers = _text_headers(memory, known)
    return Layout(
        image=image,
        runtime=known.runtime - base,
        interpreter=_find(runtime, known.interpreter, "the interpreter"),
        threads=_find(interpreter, known.state, "the threads"),
        next_thread=next_thread,
        ident=_find(state, known.ident, "a thread's ident"),
        native_id=_find(state, known.native_id, "a thread's native id"),
        frame=at_frame,
        frame_behind=behind,
        gil_in_runtime=in_runtime,
        gil_in_interpreter=in_interpreter if in_runtime is None else None,
        code=_find(words, known.code, "a frame's code", tags=TAGS),
        previous=_find(words, above, "a frame's caller"),
        instruction=instruction,
        locals=_find(words, known.marker, "a frame's locals", tags=TAGS),
        filename=_find(code, known.filename, "a code's file name"),
        qualname=_find(code, known.qualname, "a code's name"),
        linetable=_find(code, known.linetable, "a code's line table"),
        first_line=_find(code, parked.FIRST_LINE, "a code's first line", size=4),
        first_instruction=first_instruction,
        code_type=known.code_type - base,
        text_headers=headers,
        text_state_mask=mask,
        bytes_header=known.bytes_header,
        inside=own,
    )


def _find(data: bytes, value: int, what: str, *, size: int = WORD, tags: int = 0) -> int:
    for at in range(0, len(data) - size + 1, size):
        if int.from_bytes(data[at : at + size], "little") & ~tags == value:
            return at
    message = f"{what} was not found"
    raise LookupError(message)


def _next_thread(memory: Memory, known: Known) -> tuple[int, set[int]]:
    """Where the newest thread's state names the next older one's: that way leads to who made it. And all of them."""
    for at in range(0, 64, WORD):
        seen, there = {known.state}, known.state
        with contextlib.suppress(OSError):
            while there and len(seen) < MOST_THREADS:
                there = memory.pointer(there + at)
                if there in seen:
                    break
                seen.add(there)
            if not there and known.own_state in seen:
                return at, seen - {0}
    message = "the next thread was not found"
    raise LookupError(message)


def _gil(words: bytes, states: set[int]) -> int | None:
    """Where the switch interval stands, and behind it the thread that had the GIL last."""
    interval = parked.MICROSECONDS.to_bytes(WORD, "little")
    at = words.find(interval)
    while at >= 0:
        if at % WORD == 0 and word(words, at + WORD) in states:
            return at
        at = words.find(interval, at + 1)
    return None


def _inside_frame_object(memory: Memory, known: Known) -> int:
    """Where a frame object names the frame itself: what holds the code and the first local."""
    for at in range(0, 64, WORD):
        with contextlib.suppress(OSError, LookupError):
            words = memory.read(memory.pointer(known.frame + at), FRAME_BYTES)
            _find(words, known.code, "", tags=TAGS)
            _find(words, known.marker, "", tags=TAGS)
            return at
    message = "a frame object's frame was not found"
    raise LookupError(message)


def _frame_pointer(memory: Memory, state: bytes, frame: int) -> tuple[int, int | None]:
    with contextlib.suppress(LookupError):
        return _find(state, frame, "the frame"), None
    for at in range(0, len(state), WORD):
        with contextlib.suppress(OSError, LookupError):
            return at, _find(memory.read(word(state, at), 3 * WORD), frame, "the frame")
    message = "a thread's frame was not found"
    raise LookupError(message)


def _instruction(words: bytes, known: Known) -> tuple[int, int]:
    for at in range(0, len(words), WORD):
        offset = word(words, at) - known.code
        if TAGS < offset < known.code_size + 64:
            return at, offset - known.last_instruction
    message = "a frame's instruction was not found"
    raise LookupError(message)


def _text_headers(memory: Memory, known: Known) -> tuple[int, dict[int, tuple[int, int]]]:
    """How a `str` says what it is made of: kind and width, without the bits that say how it is kept."""
    states = [memory.read(address + 32, 1)[0] for address, _, _ in known.texts]
    mask = 0xFC
    for address in known.interned:
        mask &= ~(memory.read(address + 32, 1)[0] ^ states[0])
    return mask, {state & mask: (width, header) for state, (_, width, header) in zip(states, known.texts, strict=True)}


def _most(memory: Memory, address: int) -> bytes:
    """As much as is mapped from `address` on, up to 1 MiB."""
    pages, end = [], address + (1 << 20)
    with contextlib.suppress(OSError):
        while address < end:
            pages.append(memory.read(address, 4096 - address % 4096))
            address += len(pages[-1])
    return b"".join(pages)


def _image_of(pid: int, address: int) -> tuple[Image, int]:
    """The file whose mapping `address` lies in or right behind (`.bss`), and where it starts."""
    image, base = None, 0
    for low, high, file in mappings(pid):
        if file is not None and file != image:
            image, base = file, low
        if low <= address < high and image is not None:
            return image, base
    message = "_PyRuntime is not mapped"
    raise LookupError(message)


def _check(pid: int, layout: Layout, known: Known) -> None:
    """Read the parked thread as a stranger would."""
    reader = Reader(pid, layout)
    try:
        threads = {thread.ident: thread for thread in reader.threads()}
        seen = [(frame.code.qualname, frame.line) for frame in reader.stack(threads[known.ident].state)]
    finally:
        reader.close()
    if seen != [tuple(each) for each in known.stack] or threads[known.ident].native_id != known.native_id:
        message = f"a stack read as {seen}, not {known.stack}"
        raise LookupError(message)
