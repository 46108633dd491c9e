# expect: clean
# on: A
import threading

import anyio
from common import go


async def main() -> None:
    for _ in range(50):
        await anyio.sleep(0.005)


threads = [threading.Thread(target=go, args=(main,)) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
