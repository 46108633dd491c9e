# expect: loop-thread clock_nanosleep 250
# on: A
"""The last reference is dropped, and what is called then sleeps."""

import time
import weakref

from common import HOLD_S, go


class Connection:
    pass


def close() -> None:
    time.sleep(HOLD_S)  # <- here


async def main() -> None:
    connection = Connection()
    weakref.finalize(connection, close)
    del connection


go(main)
