# expect: clean
# on: A
"""What is slow to log is logged by another thread."""

import logging
import logging.handlers
import queue
import time

import anyio
from common import go


class Slow(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        time.sleep(0.03)


LINES: queue.Queue[logging.LogRecord] = queue.Queue()
LISTENER = logging.handlers.QueueListener(LINES, Slow())


async def main() -> None:
    for number in range(15):
        logging.warning("line %d", number)
        await anyio.sleep(0.02)


logging.getLogger().addHandler(logging.handlers.QueueHandler(LINES))
LISTENER.start()
go(main)
LISTENER.stop()
