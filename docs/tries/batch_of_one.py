"""The hops of `asyncio_batched` with its own batch, and with one of a byte."""

from collections.abc import AsyncIterator

from recipes.file_write import asyncio_batched as recipe

from counting import hops


async def chunks() -> AsyncIterator[bytes]:
    """128 chunks of 64 KiB."""
    for _ in range(128):
        yield bytes(64 * 1024)


def count(batch: int) -> int:
    """Hops for the stream, with so many bytes a batch."""
    recipe.BATCH = batch
    return len(hops(recipe.write_file("written", chunks())))


if __name__ == "__main__":
    for size in (recipe.BATCH, 1):
        print(f"BATCH = {size}: {count(size)} hops for 128 chunks of 64 KiB")
