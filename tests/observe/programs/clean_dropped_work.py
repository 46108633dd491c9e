# expect: clean
# on: asyncio asyncio+uvloop
import asyncio
import concurrent.futures
import threading

from common import go


async def main() -> None:
    gate = threading.Event()
    executor = concurrent.futures.ThreadPoolExecutor(1)
    first = executor.submit(gate.wait, 0.01)
    rest = [executor.submit(int) for _ in range(10)]
    executor.shutdown(wait=False, cancel_futures=True)
    await asyncio.sleep(0.4)
    assert first.done()
    assert all(each.cancelled() for each in rest)


go(main)
