# expect: loop-thread clock_nanosleep 250
# on: A
import functools
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from common import HOLD_S, go


class Slow:
    @property
    def value(self) -> int:
        time.sleep(HOLD_S / 3)  # <- here
        return 1


def slowly(function: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], Coroutine[Any, Any, None]]:
    @functools.wraps(function)
    async def wrapper() -> None:
        time.sleep(HOLD_S / 3)  # <- here
        await function()

    return wrapper


def lines() -> Iterator[int]:
    for number in range(2):
        time.sleep(HOLD_S / 6)  # <- here
        yield number


@slowly
async def main() -> None:
    assert Slow().value
    assert list(lines()) == [0, 1]


go(main)
