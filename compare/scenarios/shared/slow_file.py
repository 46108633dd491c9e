"""`compare.slow_file`: a file that opens at once and whose bytes come late, as from a disk or a mount that hangs."""

from __future__ import annotations

import os
import selectors
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...process import aside
from . import fifos
from .slow_fifos import InotifyWriter, ThreadWriter, tells_reads

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


class slow_file:  # noqa: N801  reads as what it is: `with compare.slow_file(b"...", 0.5) as path`
    """Give the path of a file that delivers late, while a `with` block runs.

    `open` returns at once; one byte can be read; the rest comes so long after somebody has read that. It is a FIFO: one
    reader can have it, once. It can be polled, unlike a file on a disk, so it shows nothing of libraries that poll.
    When the block ends, whoever still waits for it gets the end of the file. To make and to remove it holds an event
    loop for some milliseconds, if one runs in this thread: in a test take the fixture.

    Args:
        data: what it delivers.
        delay: how long that takes, in seconds.
        name: the file's name; its folder is a private one.

    Raises:
        ValueError: an argument is not what it should be; one line.
        OSError: there can be no FIFO, or no room for one.
    """

    def __init__(self, data: bytes, delay: float, *, name: str = "slow") -> None:
        """See the class."""
        _check(data, delay, name)
        self._data, self._delay, self._name = data, float(delay), name
        self._folder = ""
        self._thread: _WriterThread | None = None

    def __enter__(self) -> Path:
        """Make it."""
        if why := fifos.why_not():
            message = f"slow_file: expected a system with FIFOs: {why}"
            raise OSError(message)
        _aside(self._make)
        return Path(self._folder, self._name)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let go whoever still reads, and remove it."""
        _aside(self._remove)

    def _make(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="compare-")
        try:
            fifos.make(os.path.join(self._folder, self._name))  # noqa: PTH118  no pathlib there
            self._thread = _WriterThread(self._folder, self._name, self._data, self._delay)
        except BaseException:
            self._remove()
            raise

    def _remove(self) -> None:
        if self._thread is not None:
            self._thread.end()
            self._thread = None
        shutil.rmtree(self._folder, ignore_errors=True)


class _WriterThread:
    """Writes one FIFO; the thread ends when it is told to."""

    def __init__(self, folder: str, name: str, data: bytes, delay: float) -> None:
        self._path = os.path.join(folder, name)  # noqa: PTH118
        self._selector = selectors.DefaultSelector()
        self._told, self._tell = os.pipe()
        self._selector.register(self._told, selectors.EVENT_READ)
        can = tells_reads(folder)
        self._paced = InotifyWriter(lambda _: data, delay, self._selector) if can else None
        self._writer = self._paced or ThreadWriter(lambda _: data, delay)
        self._writer.arm([self._path])
        self._thread = threading.Thread(target=self._serve, name="slow_file", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            for key, _ in self._selector.select(self._paced.timeout() if self._paced else None):
                if key.data is None:
                    return
                key.data()
            if self._paced:
                self._paced.deliver()

    def end(self) -> None:
        """End it: a reader gets the end of the file, one that waits in `open` for a writer, too."""
        os.write(self._tell, b"x")
        self._thread.join()
        if self._paced:
            self._paced.close()
            os.close(fifos.open_at_once(self._path, both=True))
        else:
            self._writer.collect()
        self._selector.close()
        os.close(self._told)
        os.close(self._tell)


def _aside(work: Callable[[], None]) -> None:
    """Do what looks at files; in a loop's thread, by another."""
    failed: list[BaseException] = []

    def try_it() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  it is raised below
            failed.append(error)

    aside.wait(try_it)
    if failed:
        raise failed[0]


def _check(data: Any, delay: Any, name: Any) -> None:
    if not isinstance(data, bytes):
        message = f"data must be bytes, not {type(data).__name__}"
        raise ValueError(message)  # noqa: TRY004  as for every argument
    if isinstance(delay, bool) or not isinstance(delay, int | float) or not 0 <= delay < float("inf"):
        message = f"delay must be a number of seconds, 0 or more, not {delay!r}"
        raise ValueError(message)
    if not isinstance(name, str) or not name or name in {".", ".."} or Path(name).name != name:
        message = f"name must be a file's name without a folder, not {name!r}"
        raise ValueError(message)
