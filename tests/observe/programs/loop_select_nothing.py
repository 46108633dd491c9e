# expect: loop-thread select|pselect6 250
# on: A
import select

from common import HOLD_S, go


async def main() -> None:
    select.select([], [], [], HOLD_S)  # <- here


go(main)
