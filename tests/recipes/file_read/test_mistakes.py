"""The mistakes fail as their docstrings say. (Who holds the loop on a slow file is asked of every reader elsewhere.)"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from compare.scenarios.shared import page_cache
from recipes.file_read import asyncio_blocking_mistake, asyncio_mmap_mistake, asyncio_readahead
from tests.reading import line

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

MIB = 1024 * 1024
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def cold(tmp_path: Path) -> Path:
    """A file of 1 MiB, none of which is in the page cache."""
    path = tmp_path / "cold"
    path.write_bytes(os.urandom(MIB))
    if (kept := page_cache.evict((str(path),))) is not None:
        pytest.skip(f"no file can be cold here: {kept}")
    return path


async def _faults_of(read: Callable[[Path], Coroutine[Any, Any, bytes]], path: Path) -> int:
    """How many page faults of the loop's thread waited for the disk."""
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_majflt
    assert len(await read(path)) == MIB
    return resource.getrusage(resource.RUSAGE_THREAD).ru_majflt - before


@pytest.mark.parametrize("backend", ["asyncio", "asyncio+uvloop"])
def test_the_slice_of_a_mapping_waits_for_the_disk_without_a_call(
    cold: Path, run: Callable[..., Any], backend: str
) -> None:
    assert run(backend, _faults_of, asyncio_mmap_mistake.read_file, cold) >= 1


def test_others_read_a_cold_file_without_a_fault_of_the_loop(cold: Path, run: Callable[..., Any]) -> None:
    assert run("asyncio", _faults_of, asyncio_readahead.read_file, cold) == 0


READ_ON = """
import asyncio, sys
from recipes.file_read.asyncio_mmap_mistake import read_file
print("reading", flush=True)
while True:
    asyncio.run(read_file(sys.argv[1]))
"""


def test_a_mapping_of_a_file_that_is_truncated_kills_the_program(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(MIB))
    with subprocess.Popen([sys.executable, "-c", READ_ON, path], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert line(process)
        deadline = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < deadline:
            os.truncate(path, 64 * MIB)
            os.truncate(path, 1)
        process.kill()
    assert process.returncode == -signal.SIGBUS


def test_reads_that_look_concurrent_are_not(tmp_path: Path, run: Callable[..., Any]) -> None:
    """The first read's writer is served only when the second, which the loop would have to begin, has begun: never."""
    paths = [tmp_path / "first", tmp_path / "second"]
    for path in paths:
        os.mkfifo(path)
    feed = (
        "import os, sys\n"
        "first = os.open(sys.argv[1], os.O_WRONLY)\n"  # returns when the reader has opened it
        "try:\n    os.open(sys.argv[2], os.O_WRONLY | os.O_NONBLOCK)\n"
        "except OSError:\n    print('not begun', flush=True)\n"  # ENXIO
        "os.close(first)\n"
        "os.close(os.open(sys.argv[2], os.O_WRONLY))\n"
    )
    with subprocess.Popen([sys.executable, "-c", feed, *paths], stdout=subprocess.PIPE) as process:
        assert run("asyncio", asyncio_blocking_mistake.read_files, paths) == [b"", b""]
        assert process.communicate(timeout=100)[0] == b"not begun\n"
