# expect: lock futex 250
# target: held take lock_rlock.py:15
# on: A
import threading

from common import HOLD_S, go


async def main() -> None:
    lock, taken = threading.RLock(), threading.Event()

    def take() -> None:
        with lock:
            taken.set()
            threading.Event().wait(HOLD_S)

    threading.Thread(target=take).start()
    taken.wait()
    with lock:  # <- here
        pass


go(main)
