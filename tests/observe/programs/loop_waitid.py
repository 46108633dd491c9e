# expect: loop-thread waitid 250
# on: A
import os

from common import go, process


async def main() -> None:
    child = process("print('x', flush=True); time.sleep(HOLD_S)")
    child.stdout.readline()  # <- here 2
    os.waitid(os.P_PID, child.pid, os.WEXITED)  # <- here


go(main)
