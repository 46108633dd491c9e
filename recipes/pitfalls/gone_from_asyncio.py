"""`asyncio.coroutine()` and others are gone: lessons of 2015 that raise today.

Much of what is written about asyncio was written for Python 3.4 to 3.7. Since then have
gone: `@asyncio.coroutine` with `yield from` (3.11), the `loop` argument (3.10),
`asyncio.Task.all_tasks` (3.9), coroutines handed to `asyncio.wait` (3.11), and
`asyncio.get_event_loop()` outside a running loop warns or raises (3.12, 3.14). [What's
New](https://docs.python.org/3/whatsnew/3.11.html#removed) lists them.

**The way out**: `async def`, `asyncio.run`, `asyncio.TaskGroup`, `asyncio.all_tasks`,
`asyncio.timeout`.
"""

import asyncio
from typing import Any

SEEN_IN_TRAP = {
    "asyncio.coroutine": "AttributeError",
    "asyncio.Queue(loop=...)": "TypeError",
    "asyncio.Task.all_tasks": "AttributeError",
    "asyncio.wait([coroutine])": "TypeError",
}
SEEN_IN_WAY_OUT = {"tasks": 3, "results": [0, 1, 2], "queue": 0}


async def double(number: int) -> int:
    """Wait for one turn of the loop."""
    await asyncio.sleep(0)
    return number


async def trap() -> dict[str, str]:
    """Call what is gone."""
    old: Any = asyncio  # hides from the type checker what it would tell at once
    coroutine = double(1)
    attempts: dict[str, Any] = {
        "asyncio.coroutine": lambda: old.coroutine,
        "asyncio.Queue(loop=...)": lambda: old.Queue(loop=asyncio.get_running_loop()),
        "asyncio.Task.all_tasks": lambda: old.Task.all_tasks,
        "asyncio.wait([coroutine])": lambda: old.wait([coroutine]),
    }
    seen = {}
    for name, attempt in attempts.items():
        try:
            result = attempt()
            if asyncio.iscoroutine(result):
                await result
        except (AttributeError, TypeError) as error:
            seen[name] = type(error).__name__
    coroutine.close()
    return seen


async def way_out() -> dict[str, Any]:
    """Call what took its place."""
    queue: asyncio.Queue[int] = asyncio.Queue()  # finds its loop when it first waits
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        tasks = [group.create_task(double(number)) for number in range(3)]
        started = len(asyncio.all_tasks() & set(tasks))
    return {
        "tasks": started,
        "results": [task.result() for task in tasks],
        "queue": queue.qsize(),
    }


if __name__ == "__main__":
    print("trap:   ", asyncio.run(trap()))
    print("way out:", asyncio.run(way_out()))
