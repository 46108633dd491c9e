# expect: loop-thread clock_nanosleep 250
# on: A
"""A file that stands for a lock is asked for again and again."""

import os
import tempfile
import time
from pathlib import Path

from common import go, later

FREE = Path(tempfile.mkdtemp(), "lock")


def acquire() -> None:
    while True:
        try:
            os.close(os.open(FREE, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            time.sleep(0.02)  # <- here
        else:
            return


async def main() -> None:
    FREE.touch()
    later(os.remove, FREE)
    acquire()


go(main)
