# expect: busy-cpu/compute - took
# on: A
import re
import time

from common import go


async def main() -> None:
    began = time.monotonic()
    re.match(r"(a?){22}a{22}", "a" * 22)  # <- here
    print("took", (time.monotonic() - began) * 1000)


go(main)
