"""FIFOs that deliver late: what writes them, in whatever process.

A network mount that is slow lets `open` succeed and holds `read`. So the writer has each FIFO open for reading and
writing: a reader's `open` returns at once. One byte is in it already; the rest comes a delay after somebody has read
that byte, which `inotify` tells. Were the delay to start at the open, a library that opens in one hop and reads in
another would have all its delays at once. When the first byte was read is noted too: a file that waits in line begins
late.

Where there is no inotify a thread for each FIFO waits in `open` instead, and the delay does start there.
"""

from __future__ import annotations

import ctypes
import heapq
import os
import selectors
import struct
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from . import fifos

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Contents = Callable[[int], bytes]
    """What the FIFO of an index delivers."""

IN_ACCESS, IN_OPEN = 0x1, 0x20
NONBLOCKING = 0o4000
CLOSE_ON_EXEC = 0o2000000
EVENT = struct.Struct("iIII")
FIRST = 1
"""How many bytes can be read at once; from a FIFO that has no more than that, nothing can."""


class Writer(Protocol):
    """Delivers each FIFO's content after the delay."""

    def arm(self, paths: Sequence[str]) -> None:
        """Get ready: nobody has read from these yet."""

    def collect(self) -> list[float | None]:
        """When a reader began with each; closes everything."""


class InotifyWriter:
    """One thread for any number of FIFOs."""

    def __init__(self, contents: Contents, delay: float, selector: selectors.BaseSelector) -> None:
        """Listen for readers.

        Args:
            contents: what each FIFO delivers.
            delay: between a reader's first byte and the rest, in seconds.
            selector: what the caller waits in.

        Raises:
            OSError: where there is no inotify.
        """
        self._contents, self._delay, self._selector = contents, delay, selector
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._inotify = self._checked("inotify_init1", NONBLOCKING | CLOSE_ON_EXEC)
        self._watches: dict[int, int] = {}
        self._descriptors: dict[int, int] = {}
        self._began: list[float | None] = []
        self._due: list[tuple[float, int]] = []
        self._pending: dict[int, memoryview] = {}
        selector.register(self._inotify, selectors.EVENT_READ, self._noticed)

    def _checked(self, call: str, *arguments: int | bytes) -> int:
        result = int(getattr(self._libc, call)(*arguments))
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, f"{call}: {os.strerror(number)}")
        return result

    def arm(self, paths: Sequence[str]) -> None:
        """Open each, and only then watch it: our own opening is no reader's."""
        self._began = [None] * len(paths)
        for index, path in enumerate(paths):
            descriptor = self._descriptors[index] = fifos.open_at_once(path, both=True)
            first = _first(self._contents(index))
            if first:
                os.write(descriptor, first)
            # Its directory would be told of opens, and not of reads.
            mask = IN_ACCESS if first else IN_OPEN
            watch = self._checked("inotify_add_watch", self._inotify, os.fsencode(path), mask)
            self._watches[watch] = index

    def _noticed(self) -> None:
        now = time.monotonic()
        for watch, _, _, _ in EVENT.iter_unpack(os.read(self._inotify, 65536)):
            index = self._watches.get(watch)
            if index is not None and self._began[index] is None:
                self._began[index] = now
                heapq.heappush(self._due, (now + self._delay, index))

    def timeout(self) -> float | None:
        """How long until the next delivery, in seconds."""
        return max(0.0, self._due[0][0] - time.monotonic()) if self._due else None

    def deliver(self) -> None:
        """Write what is due."""
        while self._due and self._due[0][0] <= time.monotonic():
            _, index = heapq.heappop(self._due)
            if index in self._descriptors:
                data = self._contents(index)
                self._pending[index] = memoryview(data)[len(_first(data)) :]
                self._write(index)

    def _write(self, index: int) -> None:
        descriptor, rest = self._descriptors[index], self._pending[index]
        with suppress(BlockingIOError):
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        registered = descriptor in self._selector.get_map()
        if rest:  # more than a pipe holds: the rest goes when the reader has made room
            self._pending[index] = rest
            if not registered:
                self._selector.register(descriptor, selectors.EVENT_WRITE, lambda: self._write(index))
            return
        if registered:
            self._selector.unregister(descriptor)
        del self._descriptors[index], self._pending[index]
        os.close(descriptor)  # the reader's end of file

    def collect(self) -> list[float | None]:
        """Close what no reader has emptied, and forget all."""
        for watch in self._watches:
            self._libc.inotify_rm_watch(self._inotify, watch)
        with suppress(BlockingIOError):
            while os.read(self._inotify, 65536):
                pass
        for descriptor in self._descriptors.values():
            with suppress(KeyError):
                self._selector.unregister(descriptor)
            os.close(descriptor)
        began = self._began
        self._watches, self._descriptors, self._due, self._pending = {}, {}, [], {}
        return began

    def close(self) -> None:
        """Stop listening."""
        self.collect()
        self._selector.unregister(self._inotify)
        os.close(self._inotify)


class ThreadWriter:
    """One thread for each FIFO: for platforms without inotify."""

    def __init__(self, contents: Contents, delay: float) -> None:
        """Take what each FIFO delivers, and the delay in seconds."""
        self._contents, self._delay = contents, delay
        self._paths: Sequence[str] = ()
        self._began: list[float | None] = []
        self._threads: list[threading.Thread] = []
        self._released = threading.Event()

    def arm(self, paths: Sequence[str]) -> None:
        """Start the threads: each waits in `open` until a reader comes."""
        self._paths, self._began = paths, [None] * len(paths)
        self._threads = [threading.Thread(target=self._serve, args=each, daemon=True) for each in enumerate(paths)]
        for thread in self._threads:
            thread.start()

    def _serve(self, index: int, path: str) -> None:
        descriptor = os.open(path, os.O_WRONLY)
        self._began[index] = time.monotonic()
        try:
            rest = memoryview(self._contents(index))
            if not self._released.wait(self._delay):
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
        except BrokenPipeError:  # its reader left
            pass
        finally:
            os.close(descriptor)

    def collect(self) -> list[float | None]:
        """Let the threads go that still wait for a reader."""
        began = list(self._began)
        self._released.set()
        for path, thread in zip(self._paths, self._threads, strict=True):
            while thread.is_alive():
                os.close(fifos.open_at_once(path))
                thread.join(0.01)
        self._released.clear()
        return began


def _first(data: bytes) -> bytes:
    """Return what can be read at once: of so few bytes that nothing would be left, none."""
    return data[:FIRST] if len(data) > FIRST else b""


def tells_reads(folder: str) -> bool:
    """Whether the platform tells of a read from a FIFO; tried on one in `folder`."""
    path = os.path.join(folder, "probe")  # noqa: PTH118
    fifos.make(path)
    with selectors.DefaultSelector() as selector:
        descriptor = -1
        try:
            writer = InotifyWriter(lambda _: bytes(FIRST + 1), 0.0, selector)
            writer.arm([path])
            descriptor = fifos.open_at_once(path)
            os.read(descriptor, FIRST)
            return bool(selector.select(0))
        except (OSError, AttributeError):
            return False
        finally:
            if descriptor >= 0:
                os.close(descriptor)
                writer.close()
            os.unlink(path)  # noqa: PTH108
