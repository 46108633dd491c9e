"""Files to read: cached ones, evicted ones, and where they live. All of it in private directories that are removed.

`warm` files were just written. `cold` ones are evicted with `posix_fadvise(POSIX_FADV_DONTNEED)` before each pass, and
`mincore(2)` says whether that worked: asking with `preadv2(RWF_NOWAIT)` would start the kernel's read-ahead, and so
undo what it asks about. Where files have no other place than the page cache (tmpfs), cold can't be had.
"""

from __future__ import annotations

import random
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from compare.catalogue.scenario import NoRoomError
from compare.scenarios.shared.digest import digest
from compare.scenarios.shared.page_cache import evict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DISK = "/var/tmp"  # noqa: S108  a private directory is made in it, for cold files, where the usual place has no disk
PROBE_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Files:
    """What is to be read: absolute paths, and the length and digest of each."""

    paths: tuple[str, ...]
    digests: tuple[tuple[int, int], ...]

    @property
    def total(self) -> int:
        """All of them together, in bytes."""
        return sum(length for length, _ in self.digests)


def content(index: int, size: int) -> bytes:
    """The bytes of file number `index`: the same in every process, different in every file."""
    return random.Random(index).randbytes(size)  # noqa: S311  bytes that are not text, nothing secret


class Storage:
    """The private directories of one comparison; use it as a context manager."""

    def __init__(self) -> None:
        """Make nothing yet."""
        self._folders: list[Path] = []

    def __enter__(self) -> Self:
        """Nothing is made before it is asked for."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove every directory; a variant may have made one unwritable."""
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)

    def folder(self, where: str | None = None) -> Path:
        """A new private directory.

        Raises:
            NoRoomError: when there is no directory that can be written to.
        """
        try:
            folder = Path(tempfile.mkdtemp(prefix="compare-", dir=where)).resolve()
        except OSError as error:
            message = (
                f"no directory for temporary files: {error.strerror or error}; set TMPDIR to one that can be written"
            )
            raise NoRoomError(message) from None
        self._folders.append(folder)
        return folder

    def make(self, folder: Path, count: int, size: int, check: Callable[[], None]) -> Files:
        """Write `count` files of `size` bytes; `check` is called in between, as this may take long.

        Raises:
            NoRoomError: when the disk is full, or a limit is met.
        """
        paths, digests = [], []
        try:
            for index in range(count):
                check()
                path = folder / f"{index:05}"
                data = content(index, size)
                path.write_bytes(data)
                paths.append(str(path))
                digests.append((size, digest(data)))
        except OSError as error:
            what = f"can't write {count} files of {size} bytes in {folder.parent}: {error.strerror or error}"
            message = f"{what}; ask for less with --files and --size, or set TMPDIR"
            raise NoRoomError(message) from None
        return Files(tuple(paths), tuple(digests))

    def cold_folder(self) -> tuple[Path | None, str | None]:
        """A directory whose files can be evicted, and a remark: where it is, or why there is none."""
        usual = tempfile.gettempdir()
        reason = None
        for where in (None, DISK):
            try:
                folder = self.folder(where)
                reason = self._probe(folder)
            except OSError as error:
                reason = reason or str(error)
                continue
            if reason is None:
                return folder, f"cold: files are in {DISK}, as {usual} can't be evicted" if where else None
        return None, f"cold can't be had in {usual}: {reason}"

    def _probe(self, folder: Path) -> str | None:
        probe = folder / "probe"
        probe.write_bytes(content(0, PROBE_BYTES))
        try:
            return evict((str(probe),))
        finally:
            probe.unlink()


def of_user(paths: Sequence[str], check: Callable[[], None]) -> Files:
    """The user's own files, read once to know what is right.

    Raises:
        NoRoomError: when one is not a regular file, or can't be read.
    """
    absolute, digests = [], []
    for name in paths:
        check()
        path = Path(name).absolute()
        try:
            # Asked first: opening a FIFO would wait.
            data = path.read_bytes() if stat.S_ISREG(path.stat().st_mode) else None
        except OSError as error:
            message = f"--path {name}: {error.strerror or error}"
            raise NoRoomError(message) from None
        if data is None:
            message = f"--path {name}: expected a regular file"
            raise NoRoomError(message)
        absolute.append(str(path))
        digests.append((len(data), digest(data)))
    return Files(tuple(absolute), tuple(digests))
