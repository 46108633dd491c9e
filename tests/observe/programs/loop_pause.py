# expect: loop-thread pause 250
# on: A
import signal

from common import HOLD_S, go


async def main() -> None:
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, HOLD_S)
    signal.pause()  # <- here


go(main)
