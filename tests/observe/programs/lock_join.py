# expect: lock futex 250
# on: A
import threading
import time

from common import HOLD_S, go


async def main() -> None:
    thread = threading.Thread(target=time.sleep, args=(HOLD_S,))
    thread.start()
    thread.join()  # <- here


go(main)
