"""What goes wrong, in the operating system's words; and the old file is there as before, with nothing beside it."""

from __future__ import annotations

import errno
import os
import resource
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.recipes.file_write.conftest import OLD, alone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.recipes.file_write.conftest import Writer

MIB = 1024 * 1024
NOBODY = 65534


class LostError(Exception):
    pass


def _lost_after(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield bytes(MIB)
    raise LostError


@pytest.mark.parametrize("count", [0, 1, 3, 11])
def test_the_source_fails_midway(writer: Writer, old: Path, count: int) -> None:
    assert isinstance(writer.error(old, _lost_after(count)), LostError)
    assert old.read_bytes() == OLD
    assert alone(old)
    new = old.with_name("new")
    assert isinstance(writer.error(new, _lost_after(count)), LostError)
    assert alone(old)
    writer.stands("source fails midway")


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may have more than 1 MiB: Python ignores the signal, so `write` says EFBIG."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.usefixtures("small_files")
@pytest.mark.parametrize("chunks", [[bytes(MIB + 1)], [bytes(1000)] * 1100, [bytes(MIB)] * 20])
def test_there_is_no_room_for_all(writer: Writer, old: Path, chunks: list[bytes]) -> None:
    error = writer.error(old, chunks)
    assert isinstance(error, OSError)
    assert error.errno == errno.EFBIG
    assert old.read_bytes() == OLD
    assert alone(old)
    writer.stands("no room midway")


def test_the_device_is_full(writer: Writer) -> None:
    error = writer.error("/dev/full", [bytes(100_000)] * 3)
    assert isinstance(error, OSError)
    assert error.errno == errno.ENOSPC
    writer.stands("device is full")


def test_a_folder_and_what_is_missing(writer: Writer, old: Path) -> None:
    assert isinstance(writer.error(old.parent, [b"new"]), IsADirectoryError)
    assert isinstance(writer.error(old.with_name("missing") / "file", [b"new"]), FileNotFoundError)
    assert isinstance(writer.error(old / "file", [b"new"]), NotADirectoryError)
    assert old.read_bytes() == OLD
    assert alone(old)


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder of somebody's who is not allowed everything; whoever runs this is him for a while."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        root = os.geteuid() == 0
        if root:
            os.chown(folder, NOBODY, -1)
            os.seteuid(NOBODY)
        try:
            if not os.access(Path(__file__).parents[3] / "recipes", os.R_OK):
                pytest.skip("this checkout can be read by its owner alone")
            yield folder
        finally:
            if root:
                os.seteuid(0)
            folder.chmod(0o777)


def test_what_may_not_be_written_to_is_not_replaced(writer: Writer, nobody: Path) -> None:
    path = nobody / "file"
    path.write_bytes(OLD)
    path.chmod(0o444)
    assert isinstance(writer.error(path, [b"new"]), PermissionError)
    assert path.read_bytes() == OLD
    assert alone(path)
    path.chmod(0o644)
    nobody.chmod(0o555)
    assert isinstance(writer.error(path, [b"new"]), PermissionError)
    assert path.read_bytes() == OLD
    writer.stands("not allowed")


def test_the_reader_of_a_pipe_leaves(writer: Writer, fifo: Path, aside: Callable[[Callable[[], object]], Any]) -> None:
    def read_a_little() -> None:
        with fifo.open("rb", buffering=0) as file:
            assert file.read(10) == bytes(10)

    with aside(read_a_little):
        assert isinstance(writer.error(fifo, [bytes(100_000)] * 100), BrokenPipeError)
    with suppress(OSError):
        os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
    writer.stands("pipe breaks")
