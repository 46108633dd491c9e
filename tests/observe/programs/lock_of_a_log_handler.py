# expect: lock futex 250
# on: A
# target: held logs sleeps clock_nanosleep lock_of_a_log_handler.py:15
import logging
import threading
import time

import anyio
from common import HOLD_S, go


class Slow(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.ERROR:
            time.sleep(HOLD_S + 0.05)


async def main() -> None:
    logging.getLogger().addHandler(Slow())
    threading.Thread(target=logging.error, args=("down",), name="logs").start()
    await anyio.sleep(0.05)
    logging.warning("late")  # <- here


go(main)
