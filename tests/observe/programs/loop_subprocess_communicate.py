# expect: loop-thread poll|read 250
# on: A
import subprocess

from common import HOLD_S, go


async def main() -> None:
    subprocess.run(["sleep", str(HOLD_S)], check=True, capture_output=True)  # <- here


go(main)
