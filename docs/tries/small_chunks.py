"""How often `asyncio_aiofiles` hands work to a thread for 1 MiB that comes in chunks of 64 KiB, and of 4 KiB."""

from collections.abc import AsyncIterator

from counting import hops

from recipes.file_write.asyncio_aiofiles import write_file


async def chunks(size: int) -> AsyncIterator[bytes]:
    """1 MiB in chunks of so many bytes."""
    for _ in range((1 << 20) // size):
        yield bytes(size)


if __name__ == "__main__":
    for kib in (64, 4):
        count = len(hops(write_file("written", chunks(kib * 1024))))
        print(f"1 MiB in chunks of {kib} KiB: {count} hops")
