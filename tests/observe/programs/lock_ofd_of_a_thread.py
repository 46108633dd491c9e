# expect: lock fcntl 250
# on: A
# suite: asyncio
# target: locked very process thread writer sleeps clock_nanosleep lock_ofd_of_a_thread.py:21
import fcntl
import struct
import tempfile
import threading
import time

import anyio
from common import HOLD_S, go

F_OFD_SETLKW = 38
LOCK = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)


def write(path: str) -> None:
    with open(path, "r+") as file:
        fcntl.fcntl(file, F_OFD_SETLKW, LOCK)
        time.sleep(HOLD_S + 0.05)


async def main() -> None:
    with tempfile.NamedTemporaryFile() as file:
        threading.Thread(target=write, args=(file.name,), name="writer").start()
        await anyio.sleep(0.05)
        fcntl.fcntl(file, F_OFD_SETLKW, LOCK)  # <- here


go(main)
