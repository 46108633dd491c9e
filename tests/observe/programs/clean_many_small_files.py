# expect: clean
# on: -
# suite
# loop: none
"""A script that makes and removes files, with a pipe open that it does not ask: it is no loop that polls."""

import os
import shutil
import tempfile
import time
from pathlib import Path

reading, writing = os.pipe()
os.set_blocking(reading, False)
folder = tempfile.mkdtemp()
until = time.monotonic() + 0.4
while time.monotonic() < until:
    for number in range(50):
        Path(folder, str(number)).open("w").close()
shutil.rmtree(folder)
