"""Closes every descriptor but the standard ones, and uses their numbers for files of its own."""

import os
import tempfile
import threading

os.closerange(3, 4096)
files = [tempfile.TemporaryFile() for _ in range(800)]
worker = threading.Thread(target=lambda: [file.write(b"mine") for file in files], name="writer")
worker.start()
worker.join()
for file in files:
    file.seek(0)
print(all(file.read() == b"mine" for file in files))
