# expect: loop-thread read 250
# on: A
import os

from common import HOLD_S, go


async def main() -> None:
    os.popen(f"sleep {HOLD_S}; echo").read()  # <- here


go(main)
