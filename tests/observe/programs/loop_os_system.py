# expect: loop-thread wait4 250
# on: A
import os

from common import HOLD_S, go


async def main() -> None:
    os.system(f"sleep {HOLD_S}")  # <- here


go(main)
