# expect: clean
# on: A
import anyio
from common import go


async def main() -> None:
    for _ in range(3):
        await anyio.run_process(["sleep", "0.1"])


go(main)
