# expect: busy-cpu/busy-polling - 400
# on: -
import os
import time

reading, _writing = os.pipe()
os.set_blocking(reading, False)
until = time.monotonic() + 0.4
while time.monotonic() < until:  # <- here
    try:
        os.read(reading, 1)  # <- here
    except BlockingIOError:  # <- here
        pass  # <- here
