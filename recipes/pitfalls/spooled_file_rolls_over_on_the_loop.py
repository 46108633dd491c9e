"""A spooled temporary file goes to the disk on the loop: the write that fills it up.

`tempfile.SpooledTemporaryFile` is memory up to `max_size` bytes. So frameworks write
into it at once, on the loop, and only into a real file in a thread. But the write that
exceeds the limit rolls it over: it makes the file, and writes all that was in memory,
before it returns. An upload of many megabytes holds the loop at one moment, once.

**The way out**: ask before the write whether it will exceed the limit, and hop to a
thread then. (Or write to a file in a thread from the first byte.)
"""

import asyncio
import tempfile
import threading

LIMIT = 1 << 20  # bytes that are kept in memory
SEEN_IN_TRAP = "rolled over in: the loop thread"
SEEN_IN_WAY_OUT = "rolled over in: a worker thread"


class Spooled(tempfile.SpooledTemporaryFile[bytes]):
    """Notes in which thread it rolls over."""

    rolled_over_in: threading.Thread | None = None

    def rollover(self) -> None:
        """Make the file, and write into it what is in memory."""
        self.rolled_over_in = threading.current_thread()
        super().rollover()


async def receive(file: Spooled, *, ask: bool) -> str:
    """Write an upload of twice the limit as its chunks come."""
    for _ in range(32):
        chunk = bytes(LIMIT // 16)
        full = ask and file.tell() + len(chunk) > LIMIT
        if file.rolled_over_in or full:
            await asyncio.to_thread(file.write, chunk)
        else:
            file.write(chunk)  # into memory: at once
    on_loop = file.rolled_over_in is threading.current_thread()
    return f"rolled over in: {'the loop thread' if on_loop else 'a worker thread'}"


async def trap() -> str:
    """Ask only whether it is a file by now."""
    with Spooled(LIMIT) as file:
        return await receive(file, ask=False)


async def way_out() -> str:
    """Ask whether this write makes it one."""
    with Spooled(LIMIT) as file:
        return await receive(file, ask=True)


if __name__ == "__main__":
    print("trap:   ", asyncio.run(trap()))
    print("way out:", asyncio.run(way_out()))
