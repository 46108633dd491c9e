"""Slow storage is made honestly: what is called cold is not in memory, and a FIFO delivers when it should."""

from __future__ import annotations

import os
import stat
import threading
import time
from typing import TYPE_CHECKING

import pytest

from compare.catalogue import NoRoomError
from compare.process.host import Host
from compare.scenarios.file.sources import Fifos
from compare.scenarios.shared import page_cache, storage
from compare.scenarios.shared.digest import digest
from compare.scenarios.shared.slow_fifos import ThreadWriter

if TYPE_CHECKING:
    from pathlib import Path


def nothing() -> None:
    pass


def pages(path: str) -> int:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return page_cache.resident(descriptor)
    finally:
        os.close(descriptor)


def test_evicted_files_are_not_in_memory_and_warm_ones_are() -> None:
    with storage.Storage() as made:
        folder, _ = made.cold_folder()
        if folder is None:
            pytest.skip("no file system here lets files be evicted")
        files = made.make(folder, 3, 200_000, nothing)
        page_cache.warm(files.paths)
        assert [pages(path) for path in files.paths] == [49, 49, 49]
        assert page_cache.evict(files.paths) is None
        assert [pages(path) for path in files.paths] == [0, 0, 0]
    assert not folder.exists()


@pytest.mark.skipif(not os.path.ismount("/dev/shm"), reason="there is no tmpfs here")
def test_tmpfs_can_not_be_cold() -> None:
    with storage.Storage() as made:
        files = made.make(made.folder("/dev/shm"), 1, 10_000, nothing)
        assert "keeps files in memory" in str(page_cache.evict(files.paths))


def test_files_are_private_and_right(tmp_path: Path) -> None:
    with storage.Storage() as made:
        folder = made.folder(str(tmp_path))
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        files = made.make(folder, 2, 1000, nothing)
        assert files.total == 2000
        assert len({digest for _, digest in files.digests}) == 2
        assert storage.of_user(files.paths, nothing) == files
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo"])
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    if kind == "fifo":
        os.mkfifo(path)
    with pytest.raises(NoRoomError, match=f"--path {path}: "):
        storage.of_user([str(path)], nothing)


@pytest.mark.parametrize("size", [1, 2, 70_000, 300_000])
def test_a_fifo_delivers_everything_a_delay_after_the_first_byte_was_read(tmp_path: Path, size: int) -> None:
    with Host() as host:
        fifos = Fifos(host, tmp_path, 2, size, 0.1)
        files = fifos.prepare()
        start = time.monotonic()
        for path, expected in zip(files.paths, files.digests, strict=True):
            before = time.monotonic()
            with open(path, "rb") as file:  # noqa: PTH123  what a reader does
                assert time.monotonic() - before < 0.1  # opening does not wait
                data = file.read()
            assert time.monotonic() - before >= 0.1
            assert (len(data), digest(data)) == expected
        first, second = fifos.finish({"start": start})
        assert first < 0.1 <= second
        assert list(tmp_path.iterdir()) == []
        fifos.close()


def test_fifos_that_nobody_reads_are_given_up(tmp_path: Path) -> None:
    with Host() as host:
        fifos = Fifos(host, tmp_path, 3, 1000, 0.0)
        for _ in range(2):
            fifos.prepare()
            assert fifos.finish(None) == ()
        fifos.close()
    assert list(tmp_path.iterdir()) == []


def test_the_writer_for_platforms_without_inotify(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in "ab"]
    for path in paths:
        os.mkfifo(path)
    writer = ThreadWriter(lambda index: storage.content(index, 1000), 0.05)
    writer.arm(paths)
    before = time.monotonic()
    with open(paths[0], "rb") as file:  # noqa: PTH123  what a reader does
        assert file.read() == storage.content(0, 1000)
    assert time.monotonic() - before >= 0.05
    began = writer.collect()
    assert began[0] is not None
    assert began[1] is None
    assert threading.active_count() == 1 or not [t for t in threading.enumerate() if t.name.endswith("(_serve)")]
