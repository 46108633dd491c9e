# expect: clean
# on: A
import logging

import anyio
from common import go


async def main() -> None:
    logging.basicConfig(level=logging.DEBUG, filename="/dev/null")
    for number in range(200):
        logging.info("number %d", number)
        await anyio.sleep(0.001)


go(main)
