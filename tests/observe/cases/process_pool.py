"""A pool of processes, which are forked, watched, and gone again, while their memory is read; the exit status is 0."""

import asyncio
import concurrent.futures
import time


def compute(number: int) -> int:
    end = time.perf_counter() + 0.1
    while time.perf_counter() < end:
        pass
    return number


async def main() -> None:
    loop = asyncio.get_running_loop()
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        print(await asyncio.gather(*(loop.run_in_executor(pool, compute, number) for number in range(6))))


if __name__ == "__main__":
    asyncio.run(main())
