"""A child that prints as it goes, and whose output comes all at once, at its end.

Whoever writes to a terminal writes line by line; whoever writes to a pipe fills a
buffer first, of 8 KiB in Python and of 4 KiB or more in C. So the progress that was
seen in the terminal does not come through the pipe, and a child that waits for an
answer to the question that it "printed" waits for ever. No reader can change that: the
bytes are in the child's memory.

**The way out** is in the child: `python -u`, `PYTHONUNBUFFERED=1`, `print(…,
flush=True)`, `stdbuf -oL` for a program in C; or give it a terminal (`pty`).
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from contextlib import suppress

SEEN_IN_TRAP = "before it was answered: nothing"
SEEN_IN_WAY_OUT = "before it was answered: name?"
ASKS = "import sys; print('name?'); print('hello', sys.stdin.readline())"


async def asked(*options: str, patience_s: float) -> str:
    """Start a child that asks, and see what has come before it gets an answer."""
    quiet = {
        name: os.environ[name] for name in os.environ if name != "PYTHONUNBUFFERED"
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable, *options, "-c", ASKS, stdin=PIPE, stdout=PIPE, env=quiet
    )
    assert child.stdout is not None
    seen = b"nothing"
    with suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            seen = await child.stdout.readline()
    await child.communicate(b"you\n")
    return f"before it was answered: {seen.decode().strip()}"


async def trap() -> str:
    """Leave the child as it is."""
    return await asked(patience_s=1)


async def way_out() -> str:
    """Have the child write at once."""
    return await asked("-u", patience_s=30)


if __name__ == "__main__":
    print("trap:   ", asyncio.run(trap()))
    print("way out:", asyncio.run(way_out()))
