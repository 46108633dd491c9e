# expect: lock - took
# target: this very process
# on: A
import sqlite3
import tempfile
import time

from common import go, later


async def main() -> None:
    path = tempfile.mkdtemp() + "/db"
    first = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    first.execute("create table t (x)")
    first.execute("begin exclusive")
    second = sqlite3.connect(path, timeout=5, isolation_level=None)
    later(first.execute, "commit")
    began = time.monotonic()
    second.execute("insert into t values (1)")  # <- here
    print("took", (time.monotonic() - began) * 1000)


go(main)
