# expect: lock - took
# on: A
import sqlite3
import tempfile
import time

from common import go, process, ready


async def main() -> None:
    path = tempfile.mkdtemp() + "/db"
    database = sqlite3.connect(path, timeout=5, isolation_level=None)
    database.execute("create table t (x)")
    child = process(
        "import sqlite3; d = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "d.execute('begin exclusive'); print('x', flush=True); time.sleep(HOLD_S); d.execute('commit')",
        path,
    )
    ready(child)
    began = time.monotonic()
    database.execute("insert into t values (1)")  # <- here
    print("took", (time.monotonic() - began) * 1000)


go(main)
