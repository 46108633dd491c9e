# expect: loop-thread select|pselect6 250
# on: A
# suite: trio
import select
import socket

from common import HOLD_S, go


async def main() -> None:
    ours, _theirs = socket.socketpair()
    select.select([ours], [], [], HOLD_S)  # <- here


go(main)
