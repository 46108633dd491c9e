r"""Named pipes that deliver late: what stands on Windows for the FIFOs of `slow_fifos`.

Such a pipe is no file in a folder: its name begins with `\\.\pipe\`. But `open` takes it as it takes a file's, and
returns at once. One byte is written, and `FlushFileBuffers`, which Python calls `os.fsync`, waits until it has been
read; the rest is written a delay after that. Each pipe has a thread that waits so, and serves one reader, once.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

if sys.platform == "win32":
    import _winapi
    import msvcrt

assert sys.platform == "win32", "there are FIFOs elsewhere"

OUTBOUND, BYTES, ONE = 0x2, 0x0, 1
"""PIPE_ACCESS_OUTBOUND; PIPE_TYPE_BYTE and PIPE_WAIT; how many may have it open."""
ROOM = 1 << 16
TERMINATE = 0x1
"""THREAD_TERMINATE: the right to cancel what a thread waits for."""
MOST_WAIT_S = 5.0


def names(count: int, turn: int) -> tuple[str, ...]:
    """Return the names of so many pipes, of this process's `turn`."""
    return tuple(rf"\\.\pipe\compare-{os.getpid()}-{turn}-{index:05}" for index in range(count))


class PipeWriter:
    """One thread for each pipe."""

    def __init__(self, contents: Callable[[int], bytes], delay: float) -> None:
        """Take what each pipe delivers, and the delay in seconds."""
        self._contents, self._delay = contents, delay
        self._began: list[float | None] = []
        self._waiting: list[tuple[str, threading.Thread]] = []
        self._released = threading.Event()

    def arm(self, paths: Sequence[str]) -> None:
        """Make the pipes; raises `OSError` where there can't be so many."""
        self._began, self._waiting = [None] * len(paths), []
        for index, path in enumerate(paths):
            pipe = _winapi.CreateNamedPipe(path, OUTBOUND, BYTES, ONE, ROOM, ROOM, 0, 0)
            thread = threading.Thread(target=self._serve, args=(index, pipe), daemon=True)
            self._waiting.append((path, thread))
            thread.start()

    def _serve(self, index: int, pipe: int) -> None:
        descriptor = msvcrt.open_osfhandle(pipe, os.O_WRONLY | os.O_BINARY)
        with suppress(OSError):  # its reader left, or it was cancelled
            _winapi.ConnectNamedPipe(pipe, False)  # noqa: FBT003  it has no keyword
            data = memoryview(self._contents(index))
            _write(descriptor, data[:1])
            self._began[index] = time.monotonic()
            if not self._released.wait(self._delay):
                _write(descriptor, data[1:])
        with suppress(OSError):
            os.close(descriptor)

    def collect(self) -> list[float | None]:
        """End the threads that still wait for a reader; returns when one began with each pipe."""
        began, until = list(self._began), time.monotonic() + MOST_WAIT_S
        self._released.set()
        for path, thread in self._waiting:
            while thread.is_alive() and time.monotonic() < until:
                with suppress(OSError):
                    os.close(os.open(path, os.O_RDONLY | os.O_BINARY))
                _cancel(thread)
                thread.join(0.01)
        self._released.clear()
        return began


def _write(descriptor: int, data: memoryview) -> None:
    """Write it, and wait until it has been read."""
    while data:
        data = data[os.write(descriptor, data) :]
    os.fsync(descriptor)


def _cancel(thread: threading.Thread) -> None:
    """Let a thread's call that waits for a reader fail."""
    kernel = ctypes.WinDLL("kernel32")
    kernel.OpenThread.restype = ctypes.c_void_p
    handle = kernel.OpenThread(TERMINATE, False, thread.native_id)  # noqa: FBT003  it has no keywords
    if handle:
        kernel.CancelSynchronousIo(ctypes.c_void_p(handle))
        kernel.CloseHandle(ctypes.c_void_p(handle))
