"""The `repr` of a task holds that of its result: all of it, where that is bytes.

A log line with a task in it, a slow callback in asyncio's debug mode, a debugger: each
makes a `repr` of the task, and that makes one of its result. It is shortened, but bytes
only after all has been made: for 256 MiB, a string of up to a gigabyte and seconds on
the loop, of which 30 characters are shown. `asyncio.run` of Python 3.11 does so twice,
whatever the coroutine that it runs returns: at the end it puts the handler of Ctrl-C
back, and `signal.getsignal` and `signal.signal` make a `repr` of its own, in which the
task is.

**The way out**: nothing large as a task's result where tasks are logged, nor as that of
`asyncio.run`: use it inside, and return what is small. Log a task's name.
"""

import asyncio

SIZE = 1 << 20
SEEN_IN_TRAP = "reprs of 1 MiB: 1"
SEEN_IN_WAY_OUT = "reprs of 1 MiB: 0"


class Content(bytes):
    """Counts how often it is made readable."""

    reprs = 0

    def __repr__(self) -> str:
        """Count, and make it: up to four characters a byte."""
        Content.reprs += 1
        return super().__repr__()


async def read() -> Content:
    """What a file has."""
    return Content(SIZE)


async def trap() -> str:
    """Put the task into the message."""
    before = Content.reprs
    task = asyncio.create_task(read())
    await task
    f"done: {task}"
    return f"reprs of 1 MiB: {Content.reprs - before}"


async def way_out() -> str:
    """Put its name there."""
    before = Content.reprs
    task = asyncio.create_task(read(), name="read")
    await task
    f"done: {task.get_name()}"
    return f"reprs of 1 MiB: {Content.reprs - before}"


if __name__ == "__main__":
    print("trap:   ", asyncio.run(trap()))
    print("way out:", asyncio.run(way_out()))
