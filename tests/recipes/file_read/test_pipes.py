"""What every reader does with a file that is slow in coming: a FIFO, whose writer the test is.

Nothing here depends on luck: the FIFO's writer acts when the reader has opened it, or has taken what was written.
"""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import threading
import time
import warnings
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest
import trio

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from contextlib import AbstractContextManager

    from tests.recipes.file_read.conftest import Reader

    Writer = Callable[[], AbstractContextManager[int]]
    Aside = Callable[[Callable[[], object]], AbstractContextManager[None]]
    Drained = Callable[[int], None]


DELAY_S = 0.2
"""How long the FIFO's writer waits, in seconds, for what is not to happen before it has written."""

LIMIT_S = 20.0
"""How long it waits, at most, for what is."""

HOLD_THE_LOOP = {"asyncio_blocking_mistake"}
"""The recipes that are a mistake for this very reason."""

LET_NOBODY_GO = {"asyncio_aiofiles", "asyncio_aiofiles_lines", "trio_open_file", "anyio_open_file"}
"""The recipes whose caller can't give up before the read is over, as their docstrings say."""

LEAVE_NOTHING = {"asyncio_pipe_transport", "trio_fd_stream", "asyncio_cached_first", "trio_cached_first"}
"""The recipes of which nothing reads on after their caller was cancelled."""


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
            seen, deadline = len(turns), time.monotonic() + _patience(reader)
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


@pytest.mark.parametrize("how", ["cancelled", "time limit"])
def test_who_can_give_up_on_a_hung_file(
    reader: Reader, fifo: Path, *, writer: Writer, drained: Drained, aside: Aside, how: str
) -> None:
    if reader.backend is None:
        reader.stands(f"hung file, {how}", "cannot: a plain call ends when the file does")
        return
    if reader.refuses("slow", fifo, f"hung file, {how}"):
        return
    give_up, gone = threading.Event(), threading.Event()
    seen: dict[str, bool] = {}

    async def reading() -> None:
        try:
            await _given_up(reader, fifo, how, give_up)
        finally:
            gone.set()

    def hang() -> None:
        with writer() as fd:
            os.write(fd, b"begun")
            drained(fd)
            give_up.set()
            seen["free"] = gone.wait(_patience(reader, LET_NOBODY_GO))
            seen["reads on"] = _is_read(fd)

    with aside(hang):
        reader.run(reading)
    if reader.name in HOLD_THE_LOOP | LET_NOBODY_GO:
        assert not seen["free"]
        why = "the loop is held" if reader.name in HOLD_THE_LOOP else "its caller must wait for the worker thread"
        reader.stands(f"hung file, {how}", f"cannot: {why}")
    else:
        assert seen["free"]
        if reader.name in LEAVE_NOTHING:
            assert not seen["reads on"]
        verdict = "passes: the read goes on without its caller" if seen["reads on"] else "passes: nothing stays behind"
        reader.stands(f"hung file, {how}", verdict)


def test_who_can_give_up_while_open_waits(reader: Reader, fifo: Path, aside: Aside) -> None:
    """A FIFO that nobody writes to holds whoever opens it, so that no descriptor is there yet to be closed."""
    if reader.backend is None:
        reader.stands("hung open", "cannot: a plain call ends when the open does")
        return
    if reader.refuses("slow", fifo, "hung open"):
        return
    leaks = reader.name in {"asyncio_aiofiles", "asyncio_aiofiles_lines"}  # as the former's docstring says
    held = HOLD_THE_LOOP if leaks else HOLD_THE_LOOP | LET_NOBODY_GO
    give_up, gone = threading.Event(), threading.Event()
    seen: dict[str, bool] = {}

    async def reading() -> None:
        try:
            await _given_up(reader, fifo, "cancelled", give_up)
        finally:
            gone.set()

    def hang() -> None:
        _wait_until_opened(fifo)
        give_up.set()
        seen["free"] = gone.wait(_patience(reader, held))
        try:
            os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))  # lets whoever still waits go
        except OSError:  # ENXIO: nobody does
            seen["waits_on"] = False
        else:
            seen["waits_on"] = True

    with aside(hang), warnings.catch_warnings():
        if leaks:
            warnings.simplefilter("ignore", ResourceWarning)
        reader.run(reading)
        gc.collect()
    assert seen["free"] == (reader.name not in held)
    if reader.name in LEAVE_NOTHING:
        assert not seen["waits_on"]
    reader.stands("hung open", _of_a_hung_open(reader.name, leaks=leaks, **seen))


def _of_a_hung_open(name: str, *, leaks: bool, free: bool, waits_on: bool) -> str:
    if name in HOLD_THE_LOOP:
        return "cannot: the loop is held"
    if not free:
        return "cannot: its caller must wait for the worker thread"
    if leaks:
        return "cannot: its caller goes, and what the thread then opens is left to the garbage collector"
    return "passes: a thread waits on without its caller" if waits_on else "passes: nothing stays behind"


def _wait_until_opened(fifo: Path) -> None:
    """Until a thread waits in `open` for somebody who writes, or the FIFO has been opened without waiting."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        for link in Path("/proc/self/fd").iterdir():
            with suppress(OSError):
                if link.readlink() == fifo:
                    return
        for task in Path("/proc/self/task").iterdir():
            with suppress(OSError):
                if (task / "wchan").read_text() == "wait_for_partner":
                    return
        time.sleep(0.001)
    pytest.fail(f"nobody opened {fifo}")


async def _given_up(reader: Reader, fifo: Path, how: str, give_up: threading.Event) -> None:
    """Read, and stop as soon as `give_up` is set, in the words of the recipe's own library."""
    if reader.name.startswith("asyncio"):
        task = asyncio.ensure_future(reader.module.read_file(fifo))
        await asyncio.sleep(0)
        while not give_up.is_set():  # noqa: ASYNC110  it is set by a thread
            await asyncio.sleep(0.001)
        if how == "cancelled":
            task.cancel()
        with suppress(asyncio.CancelledError, TimeoutError):
            async with asyncio.timeout(None if how == "cancelled" else 0.001):
                await task
    else:
        scopes: Any = trio if reader.name.startswith("trio") else anyio
        with scopes.CancelScope() as scope:

            async def cancel() -> None:
                while not give_up.is_set():
                    await scopes.sleep(0.001)
                scope.cancel() if how == "cancelled" else setattr(scope, "deadline", scopes.current_time())

            async with anyio.create_task_group() as group:
                group.start_soon(cancel)
                await reader.module.read_file(fifo)


def _patience(reader: Reader, but: Collection[str] = ()) -> float:
    """How long to wait for the reader's loop: a recipe that can't answer is not given long."""
    return DELAY_S if reader.name in HOLD_THE_LOOP or reader.name in but else LIMIT_S


def _is_read(fd: int) -> bool:
    try:
        os.write(fd, b"to whoever is still there")
    except BrokenPipeError:
        return False
    return True
