# expect: loop-thread poll 250
# on: A
import select
import socket

from common import HOLD_S, go


async def main() -> None:
    ours, theirs = socket.socketpair()
    poll = select.poll()
    poll.register(ours, select.POLLIN)
    poll.register(theirs, select.POLLIN)
    poll.poll(HOLD_S * 1000)  # <- here


go(main)
