"""A cancelled `await` whose thread goes on: the task is gone, the work is not.

Cancelling a task that awaits `asyncio.to_thread` (or a time limit around it) ends the
*waiting*. No thread can be ended from outside: the worker stays in its call, keeps its
slot in the pool, and then does whatever came next in its code, long after the caller
was told "cancelled". With aiofiles the caller stays too: its `async with` closes the
file, which waits for the read. trio's `to_thread.run_sync` and anyio's wait for the
thread by default, and cannot be cancelled meanwhile, unless you ask them to abandon it.

**The way out**: give the thread something to wait for besides its data (here: a second
descriptor), tell it when you are cancelled, and stay until it has ended.
"""

import asyncio
import os
import select
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

SEEN_IN_TRAP = "cancelled: True; then the thread read 'late'"
SEEN_IN_WAY_OUT = "cancelled: True; then the thread read nothing"


@contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe that is closed again."""
    ends = os.pipe()
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)


def waits_for_data(data: int, stop: int) -> str:  # noqa: ARG001  the trap
    """Block in `read`."""
    return repr(os.read(data, 4).decode())


def waits_for_data_or_the_word(data: int, stop: int) -> str:
    """Wait for whichever comes first."""
    ready, _, _ = select.select([data, stop], [], [])
    return "nothing" if stop in ready else repr(os.read(data, 4).decode())


async def cancelled(read: Callable[[int, int], str]) -> str:
    """Cancel a task whose thread waits; see what the thread does when data comes."""
    loop, started, result = asyncio.get_running_loop(), asyncio.Event(), []
    with ExitStack() as stack:
        (data, source), (stop, stopper) = (
            stack.enter_context(pipe()),
            stack.enter_context(pipe()),
        )

        def work() -> None:  # runs in a worker thread
            loop.call_soon_threadsafe(started.set)
            result.append(read(data, stop))

        task = asyncio.create_task(asyncio.to_thread(work))
        await started.wait()
        task.cancel()
        # returns at once, although the thread is in its call
        await asyncio.wait({task})
        os.write(stopper, b"x")
        os.write(source, b"late")
        await loop.shutdown_default_executor()  # this is what waits for the thread
    return f"cancelled: {task.cancelled()}; then the thread read {result[0]}"


async def trap() -> str:
    """Nothing reaches the thread."""
    return await cancelled(waits_for_data)


async def way_out() -> str:
    """A second descriptor does."""
    return await cancelled(waits_for_data_or_the_word)


if __name__ == "__main__":
    print("trap:   ", asyncio.run(trap()))
    print("way out:", asyncio.run(way_out()))
