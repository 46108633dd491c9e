# expect: loop-thread poll|select 250
# on: A
import multiprocessing

from common import HOLD_S, go


async def main() -> None:
    ours, _theirs = multiprocessing.Pipe()
    ours.poll(HOLD_S)  # <- here


go(main)
