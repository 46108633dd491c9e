# expect: loop-thread clock_nanosleep 250
# site: slow_module.py
# on: A
from common import go


async def main() -> None:
    import slow_module

    assert slow_module


go(main)
