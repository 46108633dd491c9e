# expect: kernel/stopped - 250
# site: none
# also: worker-thread
# on: A
# suite: asyncio
import os

import anyio
from common import go, process, ready


async def main() -> None:
    child = process(
        "print('x', flush=True); pid = os.getppid(); time.sleep(0.1); os.kill(pid, 19); time.sleep(HOLD_S)\n"
        "os.kill(pid, 18)"
    )
    await anyio.to_thread.run_sync(ready, child)
    for _ in range(45):
        await anyio.sleep(0.01)


go(main)
