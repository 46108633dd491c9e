# expect: clean
# on: -
import asyncio

import trio


async def in_trio() -> None:
    for _ in range(40):
        await trio.sleep(0.01)


async def main() -> None:
    done = asyncio.Event()
    trio.lowlevel.start_guest_run(
        in_trio,
        run_sync_soon_threadsafe=asyncio.get_running_loop().call_soon_threadsafe,
        done_callback=lambda _: done.set(),
    )
    await done.wait()


asyncio.run(main())
