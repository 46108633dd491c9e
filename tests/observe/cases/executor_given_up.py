"""The same with asyncio's default executor: wait_for gives up on work that is still in line."""

import asyncio, time
from concurrent.futures import ThreadPoolExecutor


async def main():
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    busy = loop.run_in_executor(None, time.sleep, 0.6)
    await asyncio.sleep(0.05)
    try:
        async with asyncio.timeout(0.35):
            await loop.getaddrinfo("localhost", 80)  # stands in line for 350 ms, then gives up: "DNS timeout"
    except TimeoutError:
        print("gave up")
    await busy


asyncio.run(main())
