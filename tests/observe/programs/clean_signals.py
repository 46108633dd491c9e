# expect: clean
# on: A
import signal

import anyio
from common import go


async def main() -> None:
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    with anyio.move_on_after(0.4):
        await anyio.sleep_forever()
    signal.setitimer(signal.ITIMER_REAL, 0)


go(main)
