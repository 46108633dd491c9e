"""asyncio's tasks, counted from outside, are as many as the program says: of every thread, and of those that ended."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from compare.observe.interpreter import calibration, native_tasks
from compare.observe.interpreter.native_tasks import MOST, NativeTasks, Uncounted
from compare.observe.interpreter.stacks import Reader
from compare.observe.interpreter.tasks import Tasks
from tests.reading import line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = """
import asyncio, sys, threading
many, loops, kept = int(sys.argv[1]), [], []

def runs(ready, until):
    async def main():
        kept.extend(asyncio.create_task(asyncio.sleep(1000)) for _ in range(many))
        for _ in range(3):  # done by now
            await asyncio.create_task(asyncio.sleep(0))
        ready.set()
        while not until.is_set():
            await asyncio.sleep(0.01)
    loop = asyncio.new_event_loop()
    loops.append(loop)
    loop.run_until_complete(main())

def told():
    print(sum(len(asyncio.all_tasks(loop)) for loop in loops), flush=True)
    sys.stdin.readline()

ends = [threading.Event() for _ in range(2)]
threads = []
for end in ends:
    ready = threading.Event()
    threads.append(threading.Thread(target=runs, args=(ready, end)))
    threads[-1].start()
    ready.wait()
told()
ends[0].set()
threads[0].join()  # its tasks are nobody's now
told()
ends[1].set()
threads[1].join()
"""


@contextlib.contextmanager
def _started(tmp_path: Path, many: int) -> Iterator[tuple[subprocess.Popen[bytes], int, Reader]]:
    """Yield the program, how many tasks it says it has, and a reader of it."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    command = [sys.executable, "-W", "ignore", str(path), str(many)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            count = int(line(process))
            with contextlib.closing(Reader(process.pid, calibration.calibrate())) as reader:
                yield process, count, reader
        finally:
            process.kill()


def test_they_are_as_many_as_the_program_says(tmp_path: Path) -> None:
    with _started(tmp_path, 40) as (process, count, reader):
        assert process.stdin is not None
        assert reader.layout.inside is not None
        tasks = Tasks(reader, reader.layout.inside)
        assert _counted(tasks) == count == 82
        process.stdin.write(b"\n")
        process.stdin.flush()
        fewer = int(line(process))
        assert _counted(tasks) == fewer == 81
        assert tasks.uncounted is None


def _counted(tasks: Tasks) -> int | None:
    """Between two turns a loop may have a task more, or change its list just then."""
    until = time.monotonic() + 5
    while (count := tasks.alive(time.monotonic_ns())) is None and tasks.uncounted is None and time.monotonic() < until:
        time.sleep(0.01)
    return count


@pytest.mark.skipif(sys.version_info < (3, 14), reason="they are counted already")
def test_of_too_many_it_is_said_that_they_are_not_counted(tmp_path: Path) -> None:
    with _started(tmp_path, MOST // 2) as (_, _, reader):
        assert reader.layout.inside is not None
        tasks = Tasks(reader, reader.layout.inside)
        assert _counted(tasks) is None
        assert tasks.uncounted == "there are more than 4,096"


@pytest.mark.skipif(sys.version_info < (3, 14), reason="nothing is published")
def test_where_nothing_is_published_in_a_known_form_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _started(tmp_path, 1) as (_, count, reader):
        assert NativeTasks(reader).count() == count == 4
        monkeypatch.setattr(native_tasks, "SECTION", b".another")
        with pytest.raises(Uncounted, match="does not publish"):
            NativeTasks(reader)


@pytest.mark.parametrize(
    "data", [b"", b"\x7fELF", b"#!/bin/sh\n", b"\x7fELF\x02\x01" + bytes(58), b"\x7fELF\x02\x01" * 99]
)
def test_what_is_no_such_file_has_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert native_tasks._offsets(str(path)) is None
    assert native_tasks._offsets(str(tmp_path)) is None
