# expect: loop-thread rt_sigtimedwait 250
# on: A
import signal

from common import HOLD_S, go


async def main() -> None:
    signal.sigtimedwait([signal.SIGUSR1], HOLD_S)  # <- here


go(main)
