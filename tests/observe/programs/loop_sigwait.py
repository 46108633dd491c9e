# expect: loop-thread rt_sigtimedwait 250
# on: A
import os
import signal

from common import go, process


async def main() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    process(f"time.sleep(HOLD_S); os.kill({os.getpid()}, 10)")
    signal.sigwait([signal.SIGUSR1])  # <- here


go(main)
