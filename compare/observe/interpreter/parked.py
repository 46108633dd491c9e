"""A thread that is parked, with all that is known of it from inside: `calibration` looks for it in memory.

Run as a program it prints that as JSON and stays until its input ends. The interpreter of an observed process runs it
so (`target`): it needs nothing but the standard library, and older ones than we read can run it too, to say so.
"""
# ruff: noqa: FLY002  strings that are made at run time are not interned

from __future__ import annotations

import _thread
import contextlib
import ctypes
import json
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

FIRST_LINE = 54321
MICROSECONDS = 4321
"""Of the switch interval: a number to find the GIL by."""
_PARKED = "class Place:{}    def parked(marker, known, gate):\n        known()\n        gate.acquire()\n"
"""A method, so that its name and its qualified name are two objects."""
_WAITS = FIRST_LINE + 2


class Known(NamedTuple):
    """The parked thread and its interpreter; addresses are as `id` tells them, sizes in bytes."""

    version: list[int]
    runtime: int
    interpreter: int
    own_state: int
    """The state of the thread that asks: it made the parked one."""
    state: int
    ident: int
    native_id: int
    frame: int
    frame_above: int
    """The frame objects of the parked function, and of its caller."""
    last_instruction: int
    code: int
    code_size: int
    code_type: int
    filename: int
    qualname: int
    linetable: int
    marker: int
    """The object that the parked function has as its first local."""
    texts: list[tuple[int, int, int]]
    """Strings of each width: (address, bytes a character, offset of the first); the first is plain ASCII."""
    interned: list[int]
    """ASCII strings that are kept in other ways than the first of `texts`."""
    bytes_header: int
    stack: list[tuple[str, int]]
    """(function, line), innermost first."""


@contextlib.contextmanager
def thread() -> Iterator[Known]:
    """Park a thread; while the context lasts, it stays where it is told to be. Raises what `ctypes` does."""
    api = ctypes.pythonapi
    api.PyThreadState_Get.restype = api.PyInterpreterState_Get.restype = ctypes.c_void_p
    runtime = ctypes.addressof(ctypes.c_char.in_dll(api, "_PyRuntime"))
    namespace: dict[str, Any] = {}
    source = _PARKED.format("\n" * (FIRST_LINE - 1))
    exec(compile(source, "<parked>", "exec"), namespace)  # noqa: S102  a function at a line that nothing else has
    parked, marker = namespace["Place"].parked, object()
    gate, ended = _thread.allocate_lock(), _thread.allocate_lock()
    gate.acquire()
    ended.acquire()
    told: list[int] = []

    def known() -> None:
        told.extend((api.PyThreadState_Get(), _thread.get_native_id(), _thread.get_ident()))

    def outer() -> None:
        try:
            parked(marker, known, gate)
        finally:
            ended.release()

    interval = sys.getswitchinterval()
    _thread.start_new_thread(outer, ())
    try:
        frame = _resting(told, parked.__code__)
        sys.setswitchinterval(MICROSECONDS / 1e6)
        texts = _texts()
        others = [sys.intern("".join(["interned ", "sample"])), "a"]  # "a" is part of the interpreter itself
        yield Known(
            version=list(sys.version_info[:3]),
            runtime=runtime,
            interpreter=api.PyInterpreterState_Get(),
            own_state=api.PyThreadState_Get(),
            state=told[0],
            ident=told[2],
            native_id=told[1],
            frame=id(frame),
            frame_above=id(frame.f_back),
            last_instruction=frame.f_lasti,
            code=id(frame.f_code),
            code_size=sys.getsizeof(frame.f_code),
            code_type=id(type(frame.f_code)),
            filename=id(frame.f_code.co_filename),
            qualname=id(frame.f_code.co_qualname),
            linetable=id(frame.f_code.co_linetable),
            marker=id(marker),
            texts=[(id(text), width, header) for text, width, header in texts],
            interned=[id(text) for text in others],
            bytes_header=sys.getsizeof(b"") - 1,
            stack=_stack(frame),
        )
    finally:
        sys.setswitchinterval(interval)
        gate.release()
        ended.acquire()


def _resting(told: list[int], code: CodeType) -> FrameType:
    """Wait until the thread has let go of the GIL in its last call, and return its frame."""
    pause = _thread.allocate_lock()
    pause.acquire()
    while True:
        frame = sys._current_frames().get(told[2]) if len(told) == 3 else None  # noqa: SLF001  there is no other door
        if frame is not None and frame.f_code is code and frame.f_lineno == _WAITS:
            return frame
        pause.acquire(timeout=0.0005)


def _texts() -> list[tuple[str, int, int]]:
    samples = [("".join([first, "bcd"]), width) for first, width in (("a", 1), ("é", 1), ("Ā", 2), ("😀", 4))]
    return [(text, width, sys.getsizeof(text) - (len(text) + 1) * width) for text, width in samples]


def _stack(frame: FrameType | None) -> list[tuple[str, int]]:
    found = []
    while frame is not None:
        found.append((frame.f_code.co_qualname, frame.f_lineno))
        frame = frame.f_back
    return found


def refusal() -> str | None:
    """Say what this interpreter is, where that is none whose memory we know our way in."""
    version = "{}.{}".format(*sys.version_info)
    if sys.implementation.name != "cpython":
        return f"{sys.implementation.name} {version}"
    if "t" in getattr(sys, "abiflags", ""):
        return f"Python {version} without a GIL, which keeps its threads' instructions elsewhere"
    return None if sys.version_info >= (3, 11) else f"Python {version}"


def main() -> None:
    """Tell what is known, and stay until nobody wants to know any more."""
    refused = refusal()
    if refused is not None:
        sys.stdout.write(json.dumps({"refused": refused}))
        return
    with thread() as known:
        sys.stdout.write(json.dumps(known._asdict()) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
