# expect: busy-cpu/compute - took
# on: A
import time

from common import go


async def main() -> None:
    began = time.monotonic()
    sum(range(20_000_000))  # <- here
    print("took", (time.monotonic() - began) * 1000)


go(main)
