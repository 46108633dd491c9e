"""A new file that takes its place when it is whole: what the writers share. It blocks.

On Linux it has no name until then (`O_TMPFILE`, open(2)), so whatever ends the process
leaves nothing. `linkat` gives it the target's name where that is free. An old file can
be replaced by a rename alone, and what is renamed has a name: a process that is killed
between these two calls, which are microseconds apart, leaves the new file, whole, under
one that ends in `.part`.

Other systems, and file systems that have no files without names (NFS, FUSE), get a file
that has such a name from the beginning: there, a writer that is killed leaves it.
"""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO
    from typing import BinaryIO


class NewFile:
    """A file to be written, which replaces the old one; a pipe, a device as it is.

    A cancelled caller may leave its thread behind: hence the lock, and `given_up`.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Know where it will be."""
        self.target = Path(path)
        self.part: Path | None = None  # its own name, where it has one
        self.file: FileIO | None = None
        self.count, self.replaces, self.lock = 0, True, Lock()
        self.done = self.given_up = False

    def open(self) -> None:
        """Open it, with the owner and the permissions of the file to be replaced.

        The owner only where this process may give files away; and never set-uid or
        set-gid, which the kernel takes from a file that is written to, as well.
        """
        with self.lock:
            if self.given_up:
                return
            self.target = Path(os.path.realpath(self.target))  # a link stays one
            old = self.target.exists()
            if old and not self.target.is_file():
                self.replaces = False
                self.file = self.target.open("wb", buffering=0)
                return
            # not for others' eyes before it has the old one's permissions
            mode = 0o600 if old else 0o666
            fd = _nameless(self.target.parent, mode)
            if fd is None:
                self.part = _part(self.target)
                fd = os.open(self.part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            self.file = os.fdopen(fd, "wb", buffering=0)
            if old:
                os.close(os.open(self.target, os.O_WRONLY))  # may it be written to?
                about = self.target.stat()
                if sys.platform != "win32":
                    with suppress(OSError):  # EPERM; EINVAL for who is nobody here
                        os.chown(self.part or fd, about.st_uid, about.st_gid)
                # a descriptor, too
                os.chmod(self.part or fd, about.st_mode & 0o777)  # noqa: PTH101

    def opener(self, *_: object) -> int:
        """Open it for a library's `open`, which gets a descriptor of its own."""
        self.open()
        if self.file is None:
            message = "given up before it was open"
            raise OSError(message)
        return os.dup(self.file.fileno())

    def write(self, batch: list[bytes]) -> None:
        """Write a batch, and empty it."""
        with self.lock:
            while batch and self.file and not self.given_up:
                # a chunk at a time where there is no `writev`
                if sys.platform == "win32" or not hasattr(os, "writev"):
                    written = os.write(self.file.fileno(), batch[0])
                else:
                    written = os.writev(self.file.fileno(), batch)
                self.count += written
                while batch and written >= len(batch[0]):
                    written -= len(batch.pop(0))
                if batch:  # a pipe takes what it has room for
                    batch[0] = batch[0][written:]

    def finish(self, durable: bool) -> None:
        """Give it its name, and close it; `durable`: when the disk has both."""
        with self.lock:
            if self.given_up or not self.file:
                return
            if self.replaces and durable:
                os.fsync(self.file.fileno())
            if self.part:
                self.file.close()  # Windows renames no file that is open
                self.part.replace(self.target)
            elif self.replaces:
                _name(self.file.fileno(), self.target)
            self.file.close()
            if self.replaces and durable and sys.platform != "win32":
                _sync(self.target.parent)  # the disk has the name too
            self.done = True

    def discard(self) -> None:
        """Leave the old file, and nothing else, unless it is done already."""
        self.given_up = True
        with self.lock:
            if self.file and not self.done:
                self.file.close()
                if self.part:
                    self.part.unlink(missing_ok=True)


@contextmanager
def replacing(path: str | os.PathLike[str], durable: bool) -> Iterator[BinaryIO]:
    """Give a file object, which takes its place at the end, or is discarded."""
    new = NewFile(path)
    try:
        with open(path, "wb", opener=new.opener) as file:
            yield file
        new.finish(durable)
    except BaseException:
        new.discard()
        raise


def _nameless(folder: Path, mode: int) -> int | None:
    """Open a file without a name, where there are such, and /proc to name it by."""
    if sys.platform == "linux" and Path("/proc/self/fd").is_dir():
        with suppress(OSError):
            return os.open(folder, os.O_WRONLY | os.O_TMPFILE, mode)
    return None


def _name(fd: int, target: Path) -> None:
    """Give a file without a name the target's, in place of an old file."""

    def link(path: Path) -> None:
        # with a descriptor it is linkat(2), which follows the link in /proc
        os.link(f"/proc/self/fd/{fd}", path, src_dir_fd=fd, follow_symlinks=True)

    with suppress(FileExistsError):
        link(target)
        return
    part = _part(target)
    try:
        link(part)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _part(target: Path) -> Path:
    """Make a name that nobody can foresee: the folder may be open to others."""
    return target.with_name(f".{secrets.token_hex(8)}.part")


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
