# expect: worker-thread read 250
# on: asyncio asyncio+uvloop
import asyncio
import concurrent.futures
import multiprocessing

from common import fifo, go


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()  # <- here


async def main() -> None:
    with concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as executor:
        await asyncio.get_running_loop().run_in_executor(executor, read, fifo())


go(main)
