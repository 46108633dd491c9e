# expect: lock flock 250
# target: locked by process
# on: A
# suite: asyncio
import fcntl
import tempfile

from common import go, process, ready


async def main() -> None:
    with tempfile.NamedTemporaryFile() as file:
        ready_child = process(
            "f = open(sys.argv[1]); fcntl.flock(f, 2); print('x', flush=True); time.sleep(HOLD_S)", file.name
        )
        ready(ready_child)
        fcntl.flock(file, fcntl.LOCK_EX)  # <- here


go(main)
