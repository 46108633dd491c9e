"""What every writer leaves: each byte, in a file that takes the old one's name, place and permissions."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from tests.recipes.file_write.conftest import OLD, alone, arriving

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.recipes.file_write.conftest import Writer

KIB, MIB = 1024, 1024 * 1024
CHUNKS = {
    "empty": [],
    "1 byte": [b"x"],
    "empty chunks": [b"", b"one", b"", b"", b"two", b""],
    "odd sizes": [bytes([number % 251]) * (number * 977 % 70_001) for number in range(60)],
    "2,000 small chunks": [b"%d\n" % number for number in range(2000)],
    "one chunk of 20 MiB": [bytes(range(256)) * (20 * MIB // 256)],
    "9 MiB in 64 KiB": [bytes([number]) * (64 * KIB) for number in range(144)],
}


@pytest.mark.parametrize("fault", CHUNKS)
def test_every_byte_is_there(writer: Writer, tmp_path: Path, fault: str) -> None:
    chunks = CHUNKS[fault]
    path = tmp_path / "file"
    assert writer.write(path, chunks) == sum(map(len, chunks))
    assert path.read_bytes() == b"".join(chunks)
    assert alone(path)
    writer.stands(fault)


def test_the_old_file_is_replaced_and_not_written_to(writer: Writer, old: Path, tmp_path: Path) -> None:
    os.link(old, tmp_path / "the old one")
    old.chmod(0o640)
    with old.open("rb") as reader:
        assert writer.write(str(old), [b"new"], durable=True) == 3
        assert reader.read() == OLD
    assert (tmp_path / "the old one").read_bytes() == OLD
    assert old.read_bytes() == b"new"
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert alone(old)
    writer.stands("old file is replaced")


def test_the_old_owner_keeps_the_file_and_nobody_gets_more_rights(writer: Writer, old: Path) -> None:
    """Who writes as root must not take a user's file from him, nor make a set-uid program of his one of root's."""
    if os.geteuid() == 0:
        os.chown(old, 12345, 23456)
    old.chmod(0o6750)
    owners = (old.stat().st_uid, old.stat().st_gid)
    assert writer.write(old, [b"new"]) == 3
    assert (old.stat().st_uid, old.stat().st_gid) == owners
    assert stat.S_IMODE(old.stat().st_mode) == 0o750
    writer.stands("another's file")


def test_a_new_file_has_the_usual_permissions(writer: Writer, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        writer.write(tmp_path / "file", [b"new"])
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_a_link_stays_a_link(writer: Writer, old: Path, tmp_path: Path) -> None:
    link, dangling = tmp_path / "link", tmp_path / "dangling"
    link.symlink_to("folder/file")
    dangling.symlink_to(old.with_name("to come"))
    assert (writer.write(link, [b"new"]), writer.write(dangling, [b"newer"])) == (3, 5)
    assert link.is_symlink()
    assert old.read_bytes() == b"new"
    assert dangling.is_symlink()
    assert old.with_name("to come").read_bytes() == b"newer"
    writer.stands("symbolic link")


def test_a_relative_path_and_a_long_name(writer: Writer, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(old.parent)
    assert writer.write("file", [b"new"]) == 3
    assert alone(old)
    assert writer.write("n" * 255, [b"new"]) == 3


def test_durable(writer: Writer, old: Path) -> None:
    assert writer.write(old, [b"new", b"er"], durable=True) == 5
    assert old.read_bytes() == b"newer"
    assert alone(old)


def test_many_streams_at_once(writer: Writer, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}" for number in range(40)]
    chunks = {path: [b"%d," % number * 5000] * (1 + number % 7) for number, path in enumerate(paths)}

    async def all_at_once() -> None:
        async with anyio.create_task_group() as group:
            for path in paths:
                group.start_soon(writer.module.write_file, path, arriving(chunks[path]))

    if writer.backend is None:
        for path in paths:
            writer.write(path, chunks[path])
    else:
        writer.run(writer.backend, all_at_once)
    assert {path: path.read_bytes() for path in paths} == {path: b"".join(chunks[path]) for path in paths}
    assert len(list(tmp_path.iterdir())) == len(paths)
    writer.stands("40 streams at once")


def test_several_to_one_path(writer: Writer, old: Path) -> None:
    """The last that finishes has it; never a mixture."""

    async def all_at_once() -> None:
        async with anyio.create_task_group() as group:
            for number in range(8):
                group.start_soon(writer.module.write_file, old, arriving([b"%d" % number * 300_000] * 3))

    if writer.backend is None:
        return
    writer.run(writer.backend, all_at_once)
    content = old.read_bytes()
    assert content == content[:1] * 900_000
    assert alone(old)
    writer.stands("several to one path")


def test_a_pipe_is_written_to_as_it_is(
    writer: Writer, fifo: Path, aside: Callable[[Callable[[], object]], Any]
) -> None:
    chunks = [bytes([number]) * 50_001 for number in range(100)]
    seen: list[bytes] = []
    with aside(lambda: seen.append(fifo.read_bytes())):
        assert writer.write(fifo, chunks, durable=True) == 100 * 50_001
    assert seen == [b"".join(chunks)]
    assert fifo.is_fifo()
    assert alone(fifo)
    writer.stands("pipe")


def test_a_device_is_written_to_as_it_is(writer: Writer) -> None:
    assert writer.write("/dev/null", [b"gone"] * 3, durable=True) == 12
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
