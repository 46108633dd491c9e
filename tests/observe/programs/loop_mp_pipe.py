# expect: loop-thread read 250
# on: A
import multiprocessing

from common import go, later


async def main() -> None:
    ours, theirs = multiprocessing.Pipe()
    later(theirs.send, 1)
    ours.recv()  # <- here


go(main)
