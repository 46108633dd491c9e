# expect: loop-thread wait4 250
# on: A
import os
import time

from common import HOLD_S, go


async def main() -> None:
    pid = os.fork()
    if not pid:
        time.sleep(HOLD_S)
        os._exit(0)
    os.waitpid(pid, 0)  # <- here


go(main)
