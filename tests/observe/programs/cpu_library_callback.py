# expect: busy-cpu/compute - any
# site: library
# on: asyncio
# suite: asyncio
"""Nothing of the user's runs: the loop calls a library's function, and the library's line is told as that."""

import asyncio
import json

from common import go

BIG = [{"a": [1, 2, 3, {"b": number}]} for number in range(120_000)]


async def main() -> None:
    asyncio.get_running_loop().call_later(0.05, json.dumps, BIG)
    await asyncio.sleep(0.3)


go(main)
