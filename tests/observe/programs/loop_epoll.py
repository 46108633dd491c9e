# expect: loop-thread epoll_wait|epoll_pwait 250
# on: A
import select

from common import HOLD_S, go


async def main() -> None:
    with select.epoll() as epoll:
        epoll.poll(HOLD_S)  # <- here


go(main)
