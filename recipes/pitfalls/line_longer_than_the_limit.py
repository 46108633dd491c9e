"""`readline()` of an asyncio stream raises at a line of more than 64 KiB, and drops it.

A `StreamReader` has a limit, 64 KiB unless it was opened with another. `readline()`,
and `async for` over the stream, raise `ValueError` at a line that is longer, and throw
away what they had of it: what comes next may be the rest of that line, as if it were
one of its own. A JSON document a line, or a log with a traceback in it, is all that it
takes.

**The way out**: read chunks, and split them yourself. (Or open it with a `limit=` that
no line can reach, and be sure of it.)
"""

import asyncio
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator

SEEN_IN_TRAP = "short, ValueError"
SEEN_IN_WAY_OUT = "short, 100006 bytes, last"
SCRIPT = """
echo short
head -c 100000 /dev/zero | tr '\\0' x; echo " long"
echo last
"""


async def split(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The lines of a stream, of any length."""
    rest = bytearray()
    while chunk := await stream.read(1 << 16):
        rest += chunk
        if b"\n" in chunk:
            *whole, last = bytes(rest).split(b"\n")
            for line in whole:
                yield line + b"\n"
            rest = bytearray(last)
    if rest:
        yield bytes(rest)


def told(line: bytes) -> str:
    """A line, or how long it is."""
    return line.decode().strip() if len(line) < 50 else f"{len(line)} bytes"


async def trap() -> str:
    """Ask for lines."""
    child = await asyncio.create_subprocess_exec("sh", "-c", SCRIPT, stdout=PIPE)
    assert child.stdout is not None
    seen = [told(await child.stdout.readline())]
    try:
        seen.append(told(await child.stdout.readline()))
    except ValueError:
        seen.append("ValueError")
    await child.communicate()
    return ", ".join(seen)


async def way_out() -> str:
    """Ask for chunks."""
    child = await asyncio.create_subprocess_exec("sh", "-c", SCRIPT, stdout=PIPE)
    assert child.stdout is not None
    seen = [told(line) async for line in split(child.stdout)]
    await child.wait()
    return ", ".join(seen)


if __name__ == "__main__":
    print("trap:   ", asyncio.run(trap()))
    print("way out:", asyncio.run(way_out()))
