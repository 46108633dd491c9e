"""A writer that is cancelled: the old file, or the whole new one; nothing beside it; and who can give up on a pipe."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from tests.recipes.file_write.conftest import LIMIT_S, OLD, alone, arriving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from compare.catalogue import Variant
    from tests.recipes.file_write.conftest import Writer

    Aside = Callable[[Callable[[], object]], AbstractContextManager[None]]

MIB = 1024 * 1024
NEW = [bytes([number]) * (3 * MIB // 2) for number in range(3)]
TURNS = [*range(12), *range(12, 400, 29)]
"""After how many turns of the loop a write is cancelled: some are when a thread is at it."""

FREE_AT_ONCE = {"asyncio_io_uring"}
"""The recipes whose caller need not wait for the write that has begun."""
NOT_SHIELDED = {"anyio_open_file"}
"""The recipes that let go of their thread when asyncio, and not anyio, cancels them, as their docstring says."""
HOLD_THE_LOOP = {"asyncio_blocking_mistake"}
DELAY_S = 0.2


def _with_a_loop(variant: Variant) -> bool:
    return variant.backend is not None


@pytest.mark.parametrize("durable", [False, True])
def test_cancelled_at_any_turn_of_the_loop(writer: Writer, old: Path, *, durable: bool) -> None:
    for turns in TURNS:
        old.write_bytes(OLD)
        count = writer.run(writer.backend, _cancelled, writer, old, turns, durable)
        assert old.read_bytes() == (OLD if count is None else b"".join(NEW)), turns
        assert alone(old), turns
    writer.stands("cancelled at any turn")


def test_cancelled_at_any_chunk(writer: Writer, old: Path) -> None:
    for last in range(4):
        old.write_bytes(OLD)
        assert writer.run(writer.backend, _cancelled_by_its_source, writer, old, last) is None
        assert old.read_bytes() == OLD
        assert alone(old)


async def _cancelled(writer: Writer, path: Path, turns: int, durable: Any) -> int | None:
    if writer.name in NOT_SHIELDED or not _on_asyncio(writer):
        count = None
        async with anyio.create_task_group() as group:

            async def cancel() -> None:
                for _ in range(turns):
                    await anyio.lowlevel.checkpoint()
                group.cancel_scope.cancel()

            group.start_soon(cancel)
            count = await writer.module.write_file(path, arriving(NEW), durable)
            group.cancel_scope.cancel()
        return count
    task = asyncio.ensure_future(writer.module.write_file(path, arriving(NEW), durable))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        return int(await task)
    return None


def _on_asyncio(writer: Writer) -> bool:
    return writer.backend is not None and writer.backend.startswith("asyncio")


async def _cancelled_by_its_source(writer: Writer, path: Path, last: int) -> int | None:
    with anyio.CancelScope() as scope:

        async def source() -> AsyncIterator[bytes]:
            for number in range(4):
                if number == last:
                    scope.cancel()
                await anyio.lowlevel.checkpoint()
                yield bytes(3 * MIB)

        return int(await writer.module.write_file(path, source()))
    return None


def test_who_can_give_up_on_a_pipe_that_nobody_reads(writer: Writer, fifo: Path, aside: Aside) -> None:
    give_up, gone = threading.Event(), threading.Event()
    seen: dict[str, bool] = {}

    async def writing() -> None:
        async with anyio.create_task_group() as group:

            async def cancel() -> None:
                while not give_up.is_set():  # noqa: ASYNC110  it is set by a thread
                    await anyio.sleep(0.001)
                group.cancel_scope.cancel()

            group.start_soon(cancel)
            try:
                await writer.module.write_file(fifo, arriving([bytes(MIB)] * 20))
            finally:
                gone.set()

    def hang() -> None:
        with fifo.open("rb", buffering=0) as file:
            file.read(10)
            give_up.set()
            seen["free"] = gone.wait(LIMIT_S if writer.name in FREE_AT_ONCE else DELAY_S)
            while file.read(MIB):
                pass

    with aside(hang):
        writer.run(writer.backend, writing)
    assert seen["free"] == (writer.name in FREE_AT_ONCE)
    if writer.name in HOLD_THE_LOOP:
        writer.stands("hung pipe, cancelled", "cannot: the loop is held")
    elif seen["free"]:
        writer.stands("hung pipe, cancelled", "passes: nothing stays behind")
    else:
        writer.stands("hung pipe, cancelled", "cannot: its caller must wait for the worker thread")


def test_a_reader_that_is_late_slows_the_source_down(writer: Writer, fifo: Path, aside: Aside) -> None:
    """What waits for it in memory is bounded: some MiB, however much is to come."""
    asked = [0]
    most: list[int] = []

    def source() -> Iterator[bytes]:
        for _ in range(1024):
            asked[0] += 64 * 1024
            yield bytes(64 * 1024)

    def late() -> None:
        with fifo.open("rb", buffering=0) as file:
            file.read(10)
            before = -1
            deadline = time.monotonic() + LIMIT_S
            while asked[0] != before and time.monotonic() < deadline:
                before = asked[0]
                time.sleep(DELAY_S)
            most.append(asked[0])
            while file.read(MIB):
                pass

    with aside(late):
        assert writer.write(fifo, source()) == 64 * MIB
    assert most[0] <= 16 * MIB
    writer.stands("late reader", "passes: the source is slowed down")


def test_the_loop_goes_on_while_a_pipe_is_full(writer: Writer, fifo: Path, aside: Aside) -> None:
    """But for the mistake, whose loop can't answer before the reader has read."""
    ready, asked, answered = threading.Event(), threading.Event(), threading.Event()
    seen: dict[str, bool] = {}

    async def writing() -> None:
        async with anyio.create_task_group() as group:

            async def answer() -> None:
                while not asked.is_set():  # noqa: ASYNC110  it is set by a thread
                    await anyio.sleep(0.001)
                answered.set()

            group.start_soon(answer)
            await writer.module.write_file(fifo, arriving([bytes(MIB)] * 4))

    def hang() -> None:
        with fifo.open("rb", buffering=0) as file:
            file.read(10)
            ready.set()
            asked.set()
            seen["answered"] = answered.wait(DELAY_S if writer.name in HOLD_THE_LOOP else LIMIT_S)
            while file.read(MIB):
                pass

    with aside(hang):
        writer.run(writer.backend, writing)
    assert seen["answered"] == (writer.name not in HOLD_THE_LOOP)


test_cancelled_at_any_turn_of_the_loop.only = _with_a_loop  # type: ignore[attr-defined]
test_cancelled_at_any_chunk.only = _with_a_loop  # type: ignore[attr-defined]
test_who_can_give_up_on_a_pipe_that_nobody_reads.only = _with_a_loop  # type: ignore[attr-defined]
test_the_loop_goes_on_while_a_pipe_is_full.only = _with_a_loop  # type: ignore[attr-defined]
