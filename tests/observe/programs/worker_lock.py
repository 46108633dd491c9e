# expect: worker-thread futex 250
# on: A
import threading

import anyio
from common import go, later


async def main() -> None:
    event = threading.Event()
    later(event.set)
    await anyio.to_thread.run_sync(event.wait)  # <- here


go(main)
