# expect: lock futex 250
# on: asyncio asyncio+uvloop
import asyncio

from common import HOLD_S, go


async def main() -> None:
    future = asyncio.run_coroutine_threadsafe(asyncio.sleep(0), asyncio.get_running_loop())
    try:
        future.result(HOLD_S)  # <- here
    except TimeoutError:
        pass


go(main)
