# expect: lock futex 250
# on: A
import threading

from common import HOLD_S, go, later


async def main() -> None:
    condition = threading.Condition()

    def notify() -> None:
        with condition:
            condition.notify()

    later(notify)
    with condition:
        condition.wait(5 * HOLD_S)  # <- here


go(main)
