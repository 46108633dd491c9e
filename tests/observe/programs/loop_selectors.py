# expect: loop-thread epoll_wait|epoll_pwait 250
# on: A
import selectors
import socket

from common import HOLD_S, go


async def main() -> None:
    ours, _theirs = socket.socketpair()
    with selectors.DefaultSelector() as selector:
        selector.register(ours, selectors.EVENT_READ)
        selector.select(HOLD_S)  # <- here


go(main)
