# expect: busy-cpu/compute - any
# on: A
"""The last reference to much is dropped."""

from common import go

DATA = [{str(number): {"a": [str(number), {"x": float(number)}]} for number in range(400_000)}]


async def main() -> None:
    DATA.clear()  # <- here


go(main)
