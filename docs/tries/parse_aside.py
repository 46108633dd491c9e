"""How often a loop turns while a document is parsed, in a thread and in a process."""

import asyncio
import json
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor


def parse() -> None:
    """One call of C, which keeps the GIL to its end."""
    json.loads("[" + "1," * 2_000_000 + "1]")


async def turns_beside(pool: Executor) -> int:
    """Turn the loop, once a millisecond at most, until the pool has parsed."""
    parsed = asyncio.get_running_loop().run_in_executor(pool, parse)
    turns = 0
    while not parsed.done():
        await asyncio.sleep(0.001)
        turns += 1
    return turns


async def main() -> None:
    """Parse in a pool of each kind."""
    with ThreadPoolExecutor(1) as threads, ProcessPoolExecutor(1) as processes:
        print("in a thread, turns of the loop:", await turns_beside(threads))
        processes.submit(len, "").result()  # it has started
        print("in a process, turns of the loop:", await turns_beside(processes))


if __name__ == "__main__":
    asyncio.run(main())
