# expect: busy-cpu/compute - took
# on: A
import time

from common import go


def fib(number: int) -> int:
    return number if number < 2 else fib(number - 1) + fib(number - 2)  # <- here


async def main() -> None:
    began = time.monotonic()
    fib(27)  # <- here
    print("took", (time.monotonic() - began) * 1000)


go(main)
