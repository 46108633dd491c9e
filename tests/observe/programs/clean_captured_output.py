# expect: clean
# on: -
# suite
# loop: none
import subprocess
import sys

for _ in range(5):
    subprocess.run([sys.executable, "-c", "import time; time.sleep(0.1)"], capture_output=True, check=True)
