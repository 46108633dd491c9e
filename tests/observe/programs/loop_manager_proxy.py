# expect: loop-thread read|recvfrom 250
# on: A
"""A manager's object lives in another process, which takes its time to answer."""

import time
from multiprocessing.managers import BaseManager
from typing import Any

from common import HOLD_S, go


class Counter:
    def value(self) -> int:
        time.sleep(HOLD_S)
        return 1


class Manager(BaseManager):
    pass


Manager.register("Counter", Counter)


def run(counter: Any) -> None:
    async def main() -> None:
        counter.value()  # <- here

    go(main)


if __name__ == "__main__":
    with Manager() as manager:
        run(manager.Counter())  # type: ignore[attr-defined]
