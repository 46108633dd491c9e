"""`wait()` on a child whose pipe is full: each waits for the other, for ever.

A pipe holds 64 KiB. A child that writes more waits until somebody reads; a parent that
first waits for its end, and would read then, never comes to that. It works as long as
the output is short, and hangs when it is longer. The same happens with two pipes: read
to the end of one while the child fills the other.

**The way out**: read while you wait. `communicate()` reads all pipes at once, and waits
last; so do `subprocess.run`, `trio.run_process` and `anyio.run_process`.
"""

import asyncio
from asyncio.subprocess import PIPE, Process
from contextlib import suppress

SEEN_IN_TRAP = "not over: the child waits to write, we wait for its end"
SEEN_IN_WAY_OUT = "status 0, 200000 bytes"
COMMAND = ("head", "-c", "200000", "/dev/zero")
PATIENCE_S = 0.5
"""What this child does takes a few milliseconds."""


async def started() -> Process:
    """A child that writes more than a pipe holds."""
    # `limit`: asyncio reads ahead by itself, 128 KiB where nobody says less
    return await asyncio.create_subprocess_exec(*COMMAND, stdout=PIPE, limit=1)


async def trap() -> str:
    """Wait for the end first."""
    child = await started()
    assert child.stdout is not None
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                status = await child.wait()
                return f"status {status}, {len(await child.stdout.read())} bytes"
        return "not over: the child waits to write, we wait for its end"
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


async def way_out() -> str:
    """Read, and wait for the end last."""
    child = await started()
    out, _ = await child.communicate()
    return f"status {child.returncode}, {len(out)} bytes"


if __name__ == "__main__":
    print("trap:   ", asyncio.run(trap()))
    print("way out:", asyncio.run(way_out()))
