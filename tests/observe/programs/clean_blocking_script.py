# expect: clean
# on: -
import subprocess
import time

time.sleep(0.2)
subprocess.run(["sleep", "0.2"], check=True)
until = time.monotonic() + 0.2
while time.monotonic() < until:
    pass
