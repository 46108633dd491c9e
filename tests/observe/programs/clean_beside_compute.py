# expect: clean
# on: A
import anyio
from common import go, process


async def main() -> None:
    process("u = time.time() + 0.5\nwhile time.time() < u: pass")
    for _ in range(50):
        await anyio.sleep(0.01)


go(main)
