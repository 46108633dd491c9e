"""A small service that stalls: one of its tasks reads a file on the loop."""

import asyncio
import os
import sys
import threading


def slow_file() -> int:
    """Return a pipe's reading end whose data comes after 200 ms, as a slow disk's."""
    reader, writer = os.pipe()

    def deliver() -> None:
        threading.Event().wait(0.2)
        os.write(writer, b"settings")
        os.close(writer)

    threading.Thread(target=deliver).start()
    return reader


async def load_settings() -> bytes:
    """Read the settings: the line to find."""
    descriptor = slow_file()
    try:
        return os.read(descriptor, 1024)
    finally:
        os.close(descriptor)


async def heartbeat(stop: asyncio.Event) -> int:
    """Count how often the loop comes around."""
    beats = 0
    while not stop.is_set():
        await asyncio.sleep(0.01)
        beats += 1
    return beats


async def main() -> None:
    """Run both."""
    stop = asyncio.Event()
    beats = asyncio.create_task(heartbeat(stop))
    settings = await load_settings()
    stop.set()
    sys.stdout.write(f"{len(settings)} bytes of settings, {await beats} beats\n")


if __name__ == "__main__":
    asyncio.run(main())
