"""A cancelled `communicate()`: the task is gone, the child goes on.

`asyncio.timeout` around `communicate()` ends the *waiting*. The child is neither killed
nor waited for; it keeps its memory, its locks and its port, and when it ends nobody may
be there to reap it: a zombie, for as long as the program lives. `subprocess.run` with a
time limit, `trio.run_process` and `anyio.run_process` kill the child; what it started
goes on there too.

**The way out**: a caller that gives up kills the child, and waits for its end. Start
the child in a session of its own, and kill that: its children are in it.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from contextlib import suppress

assert sys.platform != "win32", "Windows has neither `sleep` nor sessions"
REQUIRES = {"has": ("os.killpg",)}
SEEN_IN_TRAP = "given up; the child: still there"
SEEN_IN_WAY_OUT = "given up; the child: gone"


async def started() -> Process:
    """A child that takes long."""
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        "sleep", "600", stdout=pipe, start_new_session=True
    )


def is_there(child: Process) -> bool:
    """Whether it runs, or is a zombie: both have the number still."""
    try:
        os.kill(child.pid, 0)
    except ProcessLookupError:
        return False
    return True


async def end(child: Process) -> None:
    """Kill all that is in the child's session, and wait for the child."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    await child.communicate()  # a pipe is closed when it has been read to its end


async def trap() -> str:
    """Put a time limit around it."""
    child = await started()
    with suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await child.communicate()
    seen = f"given up; the child: {'still there' if is_there(child) else 'gone'}"
    await end(child)  # not part of the trap: no other test is to meet it
    return seen


async def way_out() -> str:
    """Put a time limit around it, and end the child."""
    child = await started()
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                await child.communicate()
    finally:
        if child.returncode is None:
            await end(child)
    return f"given up; the child: {'still there' if is_there(child) else 'gone'}"


if __name__ == "__main__":
    print("trap:   ", asyncio.run(trap()))
    print("way out:", asyncio.run(way_out()))
