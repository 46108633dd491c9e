# expect: loop-thread openat 250
# on: A
import os
import tempfile

from common import go, process, ready


async def main() -> None:
    path = tempfile.mkdtemp() + "/fifo"
    os.mkfifo(path)
    ready(process("print('x', flush=True)\ntime.sleep(HOLD_S)\nopen(sys.argv[1], 'wb').write(b'x')", path))
    open(path, "rb").close()  # <- here


go(main)
