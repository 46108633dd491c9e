# expect: clean
# on: -
import asyncio


async def main() -> None:
    for _ in range(50):
        await asyncio.create_task(asyncio.sleep(0.005))


asyncio.run(main(), debug=True)
