# expect: lock fcntl 250
# on: A
import fcntl
import tempfile

from common import go, process, ready


async def main() -> None:
    with tempfile.NamedTemporaryFile() as file:
        child = process(
            "f = open(sys.argv[1], 'r+'); fcntl.lockf(f, 2); print('x', flush=True); time.sleep(HOLD_S)", file.name
        )
        ready(child)
        fcntl.lockf(file, fcntl.LOCK_EX)  # <- here


go(main)
