"""How often `asyncio_lines_batched` hands work to a thread: cached or not, with its own batches and with small ones."""

from pathlib import Path

from counting import hops

from recipes.file_read import asyncio_lines_batched as recipe


def count(batch: int) -> int:
    """Hops for a file of 10,000 lines, with so many bytes a batch."""
    recipe.BATCH = batch
    return len(hops(recipe.read_file("lines.txt")))


if __name__ == "__main__":
    Path("lines.txt").write_text("a line of text\n" * 10_000, "utf-8")
    size = recipe.BATCH
    print(f"cached: {count(size)} hop in batches of {size} bytes, {count(64)} in batches of 64")
    recipe._cached = lambda fd, room: None  # as if nothing were in the page cache
    print(f"not cached: {count(size)} hops in batches of {size} bytes, {count(64)} in batches of 64")
