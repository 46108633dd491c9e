# expect: busy-cpu/compute - took
# on: A
import json
import time

from common import go

DATA = [{"name": str(number), "values": [number] * 10} for number in range(60_000)]


async def main() -> None:
    began = time.monotonic()
    text = json.dumps(DATA)  # <- here
    json.loads(text)  # <- here
    print("took", (time.monotonic() - began) * 1000)


go(main)
