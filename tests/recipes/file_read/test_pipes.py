"""What every reader does with a file that is slow in coming: a FIFO, whose writer the test is.

Nothing here depends on luck: the FIFO's writer acts when the reader has opened it, or has taken what was written.
"""

from __future__ import annotations

import os
import subprocess
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from tests.recipes.file_read.conftest import DELAY_S, HOLD_THE_LOOP

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.recipes.file_read.conftest import Reader

    Writer = Callable[[], AbstractContextManager[int]]
    Aside = Callable[[Callable[[], object]], AbstractContextManager[None]]
    Drained = Callable[[int], None]


def test_every_part_arrives(reader: Reader, fifo: Path, writer: Writer, drained: Drained, aside: Aside) -> None:
    """The writer goes on only when the reader has taken the part before: each read is a short one."""
    if reader.refuses("slow", fifo, "short reads"):
        return

    def write() -> None:
        with writer() as fd:
            for part in (b"first\n", b"second", b"third"):
                os.write(fd, part)
                drained(fd)

    with aside(write):
        assert reader.file(fifo) == b"first\nsecondthird"
    reader.stands("short reads")


def test_a_writer_that_comes_and_says_nothing(reader: Reader, fifo: Path, writer: Writer, aside: Aside) -> None:
    if reader.refuses("slow", fifo, "empty pipe"):
        return

    def write() -> None:
        with writer():
            pass

    with aside(write):
        assert reader.file(fifo) == b""
    reader.stands("empty pipe")


def test_a_writer_that_dies_in_the_middle(reader: Reader, fifo: Path) -> None:
    """What it wrote arrives, and then the end: a pipe can't tell a death from a farewell."""
    if reader.refuses("slow", fifo, "writer dies"):
        return
    dying = ["sh", "-c", 'exec 3>"$0"; printf half >&3; kill -KILL $$', str(fifo)]
    with subprocess.Popen(dying) as process:
        assert reader.file(fifo) == b"half"
        assert process.wait(20) == -9
    reader.stands("writer dies")


def test_a_directory_that_vanishes_around_an_open_pipe(
    reader: Reader, fifo: Path, writer: Writer, aside: Aside
) -> None:
    if reader.refuses("slow", fifo, "unlinked while read"):
        return

    def write() -> None:
        with writer() as fd:
            fifo.unlink()
            os.write(fd, b"still here")

    with aside(write):
        assert reader.file(fifo) == b"still here"
    assert isinstance(reader.fails(fifo), FileNotFoundError)
    reader.stands("unlinked while read")


def test_who_holds_the_loop(reader: Reader, fifo: Path, writer: Writer, aside: Aside) -> None:
    if reader.backend is None:
        reader.stands("loop answers meanwhile", "cannot: it has no event loop")
        return
    if reader.refuses("slow", fifo, "loop answers meanwhile"):
        return
    turns: list[float] = []
    answered = False

    async def ticking() -> None:
        while True:
            turns.append(time.monotonic())
            await anyio.sleep(0.001)

    async def beside_a_clock() -> bytes:
        async with anyio.create_task_group() as group:
            group.start_soon(ticking)
            content: bytes = await reader.module.read_file(fifo)
            group.cancel_scope.cancel()
        return content

    def write() -> None:
        nonlocal answered
        with writer() as fd:
            seen, deadline = len(turns), time.monotonic() + reader.patience()
            while not answered and time.monotonic() < deadline:
                time.sleep(0.001)
                answered = len(turns) > seen + 3
            os.write(fd, b"late")

    began = time.monotonic()
    with aside(write):
        assert reader.run(beside_a_clock) == b"late"
    held = max(later - earlier for earlier, later in pairwise([began, *turns, time.monotonic()]))
    if reader.name in HOLD_THE_LOOP:
        assert not answered
        assert held >= DELAY_S / 2
        reader.stands("loop answers meanwhile", "cannot: the loop is held until the read is over")
    else:
        assert answered
        reader.stands("loop answers meanwhile")
