"""Code that bears a name which no file can have: the wait is found, and the exit status is 5."""

import asyncio
import time


def nap() -> None:
    time.sleep(0.2)


nap.__code__ = nap.__code__.replace(co_filename="a\0b")


async def main() -> None:
    await asyncio.sleep(0.1)
    nap()
    await asyncio.sleep(0.1)


asyncio.run(main())
raise SystemExit(5)
