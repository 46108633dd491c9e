"""Clean: many short hops to a pool, one after the other, as any service does; the loop is never held."""

import asyncio


async def main():
    for _ in range(8000):
        await asyncio.to_thread(len, "abc")


asyncio.run(main())
