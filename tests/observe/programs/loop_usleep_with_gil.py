# expect: loop-thread clock_nanosleep 250
# on: A
# suite: asyncio+uvloop
import ctypes

from common import HOLD_S, go


async def main() -> None:
    ctypes.PyDLL(None).usleep(int(HOLD_S * 1e6))  # <- here


go(main)
