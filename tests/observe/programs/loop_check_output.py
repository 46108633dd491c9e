# expect: loop-thread read 250
# on: A
import subprocess

from common import HOLD_S, go


async def main() -> None:
    subprocess.check_output(["sleep", str(HOLD_S)])  # <- here


go(main)
