# expect: loop-thread write 250
# on: A
import logging
import os

from common import go, later


async def main() -> None:
    reading, writing = os.pipe()
    os.write(writing, bytes(65536))
    logging.basicConfig(stream=os.fdopen(writing, "w"))
    later(os.read, reading, 65536)
    logging.warning("careful")  # <- here


go(main)
