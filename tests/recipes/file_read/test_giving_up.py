"""Who can give up on a read, when, and what stays behind: nothing that was open, and at the most a thread for a while.

The FIFO's writer acts when the reader waits for it, or has taken what was written, so nothing here depends on luck.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest
import trio

from tests.recipes.file_read.conftest import HOLD_THE_LOOP, LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.recipes.file_read.conftest import Reader

    Writer = Callable[[], AbstractContextManager[int]]
    Aside = Callable[[Callable[[], object]], AbstractContextManager[None]]
    Drained = Callable[[int], None]

LET_NOBODY_GO = {"asyncio_aiofiles", "asyncio_aiofiles_lines", "trio_open_file", "anyio_open_file"}
"""The recipes whose caller can't give up before the read is over, as their docstrings say."""

LEAVE_NOTHING = {"asyncio_pipe_transport", "trio_fd_stream", "asyncio_cached_first", "trio_cached_first"}
"""The recipes of which nothing reads on after their caller was cancelled."""

TURNS = 24
"""After how many turns of the loop, at most, a read is cancelled: by then, a few small files have been read."""


def test_cancelled_at_any_turn_of_the_loop(reader: Reader, tmp_path: Path) -> None:
    """From before the first file is open until all have been read: it ends as cancelled, or with every byte."""
    paths = [tmp_path / f"{number}" for number in range(5)]
    for path in paths:
        path.write_bytes(b"content\n" * 20_000)
    if reader.backend is None:
        reader.stands("cancelled at any turn", "cannot: a plain call ends when the file does")
        return
    if reader.refuses("warm", paths[0], "cancelled at any turn"):
        return
    with reader.may_leak():
        for turns in range(TURNS):
            contents = reader.run(_cancelled_after, reader, paths, turns)
            assert contents in (None, [b"content\n" * 20_000] * 5)
    leaves = "cannot: what a thread opens after that is left to the garbage collector"
    reader.stands("cancelled at any turn", leaves if reader.leaks else "passes")


async def _cancelled_after(reader: Reader, paths: list[Path], turns: int) -> list[bytes] | None:
    if reader.name.startswith("asyncio"):
        task: asyncio.Task[list[bytes]] = asyncio.ensure_future(reader.module.read_files(paths))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            return await task
        return None
    contents: list[bytes] | None = None
    async with anyio.create_task_group() as group:

        async def cancel() -> None:
            for _ in range(turns):
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()

        group.start_soon(cancel)
        contents = await reader.module.read_files(paths)
        group.cancel_scope.cancel()
    return contents


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
            seen["free"] = gone.wait(reader.patience(HOLD_THE_LOOP | LET_NOBODY_GO))
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
    held = HOLD_THE_LOOP if reader.leaks else HOLD_THE_LOOP | LET_NOBODY_GO
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
        seen["free"] = gone.wait(reader.patience(held))
        try:
            os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))  # lets whoever still waits go
        except OSError:  # ENXIO: nobody does
            seen["waits_on"] = False
        else:
            seen["waits_on"] = True

    with aside(hang), reader.may_leak():
        reader.run(reading)
    assert seen["free"] == (reader.name not in held)
    if reader.name in LEAVE_NOTHING:
        assert not seen["waits_on"]
    reader.stands("hung open", _of_a_hung_open(reader.name, leaks=reader.leaks, **seen))


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


def _is_read(fd: int) -> bool:
    try:
        os.write(fd, b"to whoever is still there")
    except BrokenPipeError:
        return False
    return True
