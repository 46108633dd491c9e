# expect: worker-thread/exit - took
# on: asyncio asyncio+uvloop
# suite: asyncio
# site: none
# also: worker-thread
# target: thread _0 sleeps exit_waits_for_the_loops_pool.py:19
"""What was given up goes on in its thread, and `asyncio.run` waits for that thread before it returns."""

import asyncio
import sys
import time

from common import HOLD_S

GAVE_UP: list[float] = []


def job() -> None:
    time.sleep(HOLD_S + 0.05)
    print("took", (time.monotonic() - GAVE_UP[0]) * 1000)


async def main() -> None:
    try:
        await asyncio.wait_for(asyncio.to_thread(job), 0.05)
    except TimeoutError:
        GAVE_UP.append(time.monotonic())


if "uvloop" in sys.argv[1]:
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
