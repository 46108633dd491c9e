"""Which functions `asyncio_aiofiles` runs in a thread to read one file."""

from pathlib import Path

from recipes.file_read.asyncio_aiofiles import read_file

from counting import hops

if __name__ == "__main__":
    Path("small.txt").write_text("hello\n", "utf-8")
    for name in hops(read_file("small.txt")):
        print("hop:", name)
