"""What every reader does when a file can't be had: the kernel's own error, nothing lost, nothing left."""

from __future__ import annotations

import errno
import os
import resource
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.recipes.file_read.conftest import Reader

WRITE_ONLY = Path("/proc/sys/net/ipv4/route/flush")
"""What even root may not open for reading: sysctls check their own mode."""


def test_missing(reader: Reader, tmp_path: Path) -> None:
    error = reader.fails(tmp_path / "missing")
    assert isinstance(error, FileNotFoundError)
    reader.stands("missing")


def test_directory(reader: Reader, tmp_path: Path) -> None:
    if not reader.refuses("warm", tmp_path, "directory"):
        assert isinstance(reader.fails(tmp_path), IsADirectoryError)
        reader.stands("directory")


def test_no_permission(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"secret")
    path.chmod(0)
    if os.geteuid() == 0:  # root reads every file of its own
        path = WRITE_ONLY
    if not path.exists():
        pytest.skip(f"root may read everything here: there is no {path}")
    assert isinstance(reader.fails(path), PermissionError)
    reader.stands("no permission")


def test_one_missing_among_many_ends_all(reader: Reader, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}" for number in range(100)]
    for path in paths:
        os.mkfifo(path) if reader.states == ("slow",) else path.write_bytes(b"x")
    paths[50].unlink()
    with reader.may_leak():
        kind = type(reader.error(reader.files, paths))  # not the error: what it holds is to be collected here
    assert kind is FileNotFoundError


def test_5000_files_with_256_descriptors(reader: Reader, tmp_path: Path) -> None:
    """On a recipe's first backend; 1,000 files on its others."""
    times = 100 if reader.first else 20
    paths = [tmp_path / f"{number}" for number in range(50)]
    for number, path in enumerate(paths):
        path.write_bytes(b"%d" % number)
    if not reader.refuses("warm", paths[0], "5,000 files, 256 descriptors"):
        with _descriptors(256):
            contents = reader.files(paths * times)
        assert contents == [b"%d" % number for number in range(50)] * times
        reader.stands("5,000 files, 256 descriptors")


def test_no_descriptor_left(reader: Reader, tmp_path: Path) -> None:
    """The error arrives, and the same program reads on when descriptors are free again."""
    path = tmp_path / "file"
    path.write_bytes(b"content")
    if reader.refuses("warm", path, "EMFILE"):
        return

    async def within_a_loop() -> None:
        assert await reader.module.read_file(path) == b"content"
        with _none_free(), pytest.raises((OSError, ExceptionGroup)) as caught:
            await reader.module.read_file(path)
        assert reader.leaf(caught.value).errno == errno.EMFILE  # type: ignore[attr-defined]
        assert await reader.module.read_file(path) == b"content"

    def without() -> None:
        with _none_free(), pytest.raises(OSError) as caught:  # noqa: PT011  `errno` is looked at
            reader.file(path)
        assert caught.value.errno == errno.EMFILE
        assert reader.file(path) == b"content"

    with _descriptors(_lowest_free() + 40):
        if reader.backend:
            reader.run(within_a_loop)
        else:
            without()
    reader.stands("EMFILE")


def test_a_directory_that_vanishes(reader: Reader, tmp_path: Path, aside: Callable[..., Any]) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    paths = [folder / f"{number}" for number in range(100)]
    for path in paths:
        path.write_bytes(b"content")
    if reader.refuses("warm", paths[0], "directory vanishes"):
        return
    with aside(lambda: shutil.rmtree(folder)), reader.may_leak():
        try:
            outcome: object = reader.files(paths)
        except (OSError, ExceptionGroup) as error:
            outcome = type(reader.leaf(error))
    assert outcome in (FileNotFoundError, [b"content"] * 100)  # the latter if it was as fast as that
    assert isinstance(reader.fails(paths[0]), FileNotFoundError)
    reader.stands("directory vanishes")


@contextmanager
def _none_free() -> Iterator[None]:
    held: list[int] = []

    def take_all() -> None:
        while True:
            held.append(os.open("/dev/null", os.O_RDONLY))

    try:
        with pytest.raises(OSError, match="Too many open files"):
            take_all()
        yield
    finally:
        for fd in held:
            os.close(fd)


@contextmanager
def _descriptors(most: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _lowest_free() -> int:
    fd = os.open("/dev/null", os.O_RDONLY)
    os.close(fd)
    return fd
