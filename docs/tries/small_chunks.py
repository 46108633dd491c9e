"""The hops of `asyncio_aiofiles` for 1 MiB, in chunks of 64 KiB and of 4 KiB."""

from collections.abc import AsyncIterator

from recipes.file_write.asyncio_aiofiles import write_file

from counting import hops


async def chunks(size: int) -> AsyncIterator[bytes]:
    """1 MiB in chunks of so many bytes."""
    for _ in range((1 << 20) // size):
        yield bytes(size)


if __name__ == "__main__":
    for kib in (64, 4):
        count = len(hops(write_file("written", chunks(kib * 1024))))
        print(f"1 MiB in chunks of {kib} KiB: {count} hops")
