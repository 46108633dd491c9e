# expect: clean
# on: A
import time

import anyio
from common import go, spin

time.sleep(0.2)
spin(0.2)


async def main() -> None:
    await anyio.sleep(0.1)


go(main)
time.sleep(0.2)
spin(0.2)
