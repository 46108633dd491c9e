"""The hops of `asyncio_lines_batched`: cached or not, batches big and small."""

from pathlib import Path

from recipes.file_read import asyncio_lines_batched as recipe

from counting import hops


def count(batch: int) -> int:
    """Hops for a file of 10,000 lines, with so many bytes a batch."""
    recipe.BATCH = batch
    return len(hops(recipe.read_file("lines.txt")))


if __name__ == "__main__":
    Path("lines.txt").write_text("a line of text\n" * 10_000, "utf-8")
    size = recipe.BATCH
    print(f"cached: {count(size)} hop with BATCH = {size}, {count(64)} with 64")
    recipe._cached = lambda fd, room: None  # as if nothing were in the page cache
    print(f"not cached: {count(size)} hops with BATCH = {size}, {count(64)} with 64")
