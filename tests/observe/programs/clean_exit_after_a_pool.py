# expect: clean
# on: -
# also: worker-thread
import asyncio
import time
from concurrent.futures import ThreadPoolExecutor


async def main() -> None:
    with ThreadPoolExecutor(1) as pool:
        await asyncio.get_running_loop().run_in_executor(pool, time.sleep, 0.03)


asyncio.run(main())
