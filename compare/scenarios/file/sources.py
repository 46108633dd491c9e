"""What one pass reads from: cached files, evicted files, or FIFOs that deliver late."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Protocol

from compare.catalogue.scenario import NoRoomError
from compare.process.host import EndedError
from compare.scenarios.shared import late_files
from compare.scenarios.shared.digest import digest
from compare.scenarios.shared.page_cache import evict, warm
from compare.scenarios.shared.storage import Files, content

if TYPE_CHECKING:
    from pathlib import Path

    from compare.process.host import Host

WRITER_S = 10.0
"""How long the FIFOs' writer may take to answer, in seconds."""


class Source(Protocol):
    """Gives each pass its files."""

    expected_s: float
    """How long an honest variant may have to wait for them, in seconds."""

    def prepare(self) -> Files:
        """Bring the files into the state, just before a pass."""

    def finish(self, answer: dict[str, Any] | None) -> tuple[float, ...]:
        """After a pass: how long after its start each file was begun with, in seconds, where that can be told."""


class Warm:
    """Files in the page cache."""

    expected_s = 0.0

    def __init__(self, files: Files) -> None:
        """Take the files."""
        self._files = files

    def prepare(self) -> Files:
        """Read them."""
        warm(self._files.paths)
        return self._files

    def finish(self, answer: dict[str, Any] | None) -> tuple[float, ...]:
        """That can't be told."""
        del answer
        return ()


class Cold(Warm):
    """Files that are not in the page cache; `failed` tells when they stayed in it after all."""

    failed: str | None = None

    def prepare(self) -> Files:
        """Evict them."""
        self.failed = evict(self._files.paths)
        return self._files


class Fifos:
    """FIFOs, new ones for each pass, and the process that writes them."""

    def __init__(self, host: Host, folder: Path, count: int, size: int, delay: float) -> None:
        """Start the writer.

        Args:
            host: who holds the writer.
            folder: a private directory.
            count: how many FIFOs.
            size: what each delivers, in bytes.
            delay: how long after its first byte was read the rest comes, in seconds.
        """
        self.expected_s = count * delay
        self._host, self._folder, self._count = host, folder, count
        self._digests = tuple((size, digest(content(index, size))) for index in range(count))
        self._passes = 0
        self._writer = host.start(
            "compare.scenarios.file.fifo_writer", {"size": size, "delay": delay, "folder": str(folder)}
        )
        self._answer()

    def _answer(self) -> dict[str, Any]:
        try:
            return self._host.receive(self._writer, WRITER_S)
        except (EndedError, TimeoutError) as error:
            message = f"the FIFOs' writer gave up: {error or 'no answer'} {self._writer.last_words()}"
            raise NoRoomError(message) from None

    def prepare(self) -> Files:
        """Make the FIFOs, and have the writer open them."""
        self._passes += 1
        folder = self._folder / str(self._passes)
        try:
            paths = late_files.make(folder, self._count)
        except OSError as error:
            message = f"can't make {self._count} FIFOs in {self._folder.parent}: {error.strerror}"
            raise NoRoomError(message) from None
        self._writer.send({"arm": paths})
        self._answer()
        return Files(paths, self._digests)

    def finish(self, answer: dict[str, Any] | None) -> tuple[float, ...]:
        """When each was begun with, sorted, in seconds after the pass began; removes the FIFOs."""
        self._writer.send({"collect": True})
        began: list[float | None] = self._answer()["began"]
        shutil.rmtree(self._folder / str(self._passes), ignore_errors=True)
        if answer is None or "start" not in answer:
            return ()
        return tuple(sorted(max(0.0, moment - answer["start"]) for moment in began if moment is not None))

    def close(self) -> None:
        """End the writer."""
        self._host.end(self._writer)
