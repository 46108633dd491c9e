"""A task without a reference is lost: the event loop keeps only weak ones.

`asyncio.create_task(work())` with the result thrown away leaves the task to whatever it
waits for. When that is held by nobody else, the next collection takes both, in the
middle of the work. All that remains is a log line, and only when somebody reads the
log. [create_task's
documentation](https://docs.python.org/3/library/asyncio-task.html#asyncio.create_task)
says to keep a reference. trio has no such task: it lives in a nursery, which waits for
it.

**The way out**: `asyncio.TaskGroup`, whose block ends when its tasks have; or a set
that holds them until they are done.
"""

import asyncio
import gc
import weakref

LOGS_IN_TRAP = "Task was destroyed but it is pending"
SEEN_IN_TRAP = "after a collection: task gone, work done: False"
SEEN_IN_WAY_OUT = "after a collection: task alive, work done: True"


async def work(
    done: list[bool], expected: "weakref.WeakSet[asyncio.Future[None]]"
) -> None:
    """Wait for an answer."""
    # whoever will answer knows it weakly
    answer = asyncio.get_running_loop().create_future()
    expected.add(answer)
    await answer
    done.append(True)


async def trap() -> str:
    """Forget the task."""
    return await fire(keep=False)


async def way_out() -> str:
    """Hold it until it is done."""
    return await fire(keep=True)


async def fire(*, keep: bool) -> str:
    """Start a task, collect garbage, and let the answers come."""
    done: list[bool] = []
    expected: weakref.WeakSet[asyncio.Future[None]] = weakref.WeakSet()
    background: set[asyncio.Task[None]] = set()
    task = asyncio.create_task(work(done, expected))
    alive = weakref.ref(task)
    if keep:
        background.add(task)
        task.add_done_callback(background.discard)
    del task
    await asyncio.sleep(0)  # one turn of the loop: the task has begun, and waits
    gc.collect()
    seen = "alive" if alive() else "gone"
    for answer in list(expected):  # the answers come
        answer.set_result(None)
    await asyncio.gather(*background)
    return f"after a collection: task {seen}, work done: {bool(done)}"


if __name__ == "__main__":
    print("trap:   ", asyncio.run(trap()))
    print("way out:", asyncio.run(way_out()))
