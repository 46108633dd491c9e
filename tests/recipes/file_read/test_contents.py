"""What every reader gives back: each byte, in order, of small, large, strange and changing files."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.recipes.file_read.conftest import Reader

MIB = 1024 * 1024
GIB = 1024 * MIB


@pytest.fixture(scope="session")
def patterned() -> bytes:
    """10 MiB that do not repeat, with a line feed every 8 KiB."""
    return b"".join(b"%07d%c" % (number, b"."[0] if number % 1024 else 10) for number in range(10 * MIB // 8))


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 65536, 10 * MIB])
def test_sizes(reader: Reader, tmp_path: Path, patterned: bytes, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(patterned[:size])
    fault = {0: "empty", 1: "1 byte", 10 * MIB: "10 MiB"}.get(size, "around a page")
    if not reader.refuses("warm", path, fault):
        assert reader.file(path) == patterned[:size]
        reader.stands(fault)


def test_no_files_at_all(reader: Reader) -> None:
    assert reader.files([]) == []


def test_200_files_at_once_come_back_in_order(reader: Reader, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}" for number in range(200)]
    for number, path in enumerate(paths):
        path.write_bytes(b"%d" % number * (1 + number * 37 % 500))
    if not reader.refuses("warm", paths[0], "200 files at once"):
        assert reader.files(paths) == [path.read_bytes() for path in paths]
        assert reader.files(str(path) for path in paths[:2]) == [b"0", b"1" * 38]
        reader.stands("200 files at once")


def test_a_file_of_size_zero_that_has_content(reader: Reader) -> None:
    path = Path("/proc/self/mountinfo")
    assert path.stat().st_size == 0
    if reader.name == "asyncio_mmap_mistake":
        assert isinstance(reader.fails(path), OSError)
        reader.stands("/proc", "cannot: a file of size 0 can't be mapped, whatever it holds")
    elif not reader.refuses("warm", path, "/proc"):
        assert reader.file("/proc/version") == Path("/proc/version").read_bytes()
        assert len(reader.file("/proc/self/maps")) > 4096  # more than the kernel gives at once
        reader.stands("/proc")


@pytest.fixture(scope="session")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Make a file of so many bytes, of which the first and the last are on the disk, and the rest is a hole."""
    folder = tmp_path_factory.mktemp("sparse")

    def make(size: int) -> Path:
        path = folder / f"{size}"
        with path.open("wb") as file:
            file.write(b"begin")
            file.seek(size - 3)
            file.write(b"end")
        return path

    return make


@pytest.fixture
def room_for_a_gibibyte(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[None]:
    """One worker of a parallel run at a time: some readers hold the content three times over for a moment."""
    if (free := psutil.virtual_memory().available) < 6 * GIB:
        pytest.skip(f"needs 6 GiB of memory, and {free / GIB:.1f} are free")
    shared = tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    with (shared / "one-gibibyte-at-a-time").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.mark.usefixtures("room_for_a_gibibyte")
def test_a_sparse_file_of_1_gib(reader: Reader, sparse: Callable[[int], Path]) -> None:
    """On a recipe's first backend; 64 MiB on its others."""
    size = GIB if reader.first else 64 * MIB
    path = sparse(size)
    if reader.refuses("warm", path, "sparse file"):
        return
    content = reader.file(path)
    assert len(content) == size
    assert content.startswith(b"begin")
    assert content.endswith(b"end")
    hole = bytes(MIB)
    assert all(content[at : at + MIB] == hole for at in range(MIB, size - MIB, MIB))
    reader.stands("sparse file")


def test_a_cold_file(reader: Reader, tmp_path: Path, patterned: bytes) -> None:
    paths = [tmp_path / f"{number}" for number in range(4)]
    for path in paths:
        path.write_bytes(patterned[: 3 * MIB + 5])
        with path.open("rb+") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            os.posix_fadvise(file.fileno(), MIB, 4096, os.POSIX_FADV_WILLNEED)  # an island of what is cached
    if not reader.refuses("warm", paths[0], "not in the page cache"):
        assert reader.files(paths) == [patterned[: 3 * MIB + 5]] * 4
        reader.stands("not in the page cache")


def test_a_file_that_grows_and_shrinks_while_it_is_read(
    reader: Reader, tmp_path: Path, aside: Callable[[Callable[[], object]], Any]
) -> None:
    path, size, over = tmp_path / "file", 4 * MIB, threading.Event()
    path.write_bytes(bytes(size))
    if reader.name == "asyncio_mmap_mistake":
        reader.stands("grows and shrinks", "cannot: the program dies by SIGBUS when a mapped file shrinks")
        return  # its own test, among the mistakes, shows that
    if reader.refuses("warm", path, "grows and shrinks"):
        return

    def change() -> None:
        while not over.is_set():
            for length in (5000, 0, size, size // 2, size):
                os.truncate(path, length)

    with aside(change):
        try:
            for _ in range(4):
                content = reader.file(path)
                assert len(content) <= size
                assert content == bytes(len(content))
        finally:
            over.set()
    os.truncate(path, 4097)
    assert reader.file(path) == bytes(4097)
    reader.stands("grows and shrinks")
