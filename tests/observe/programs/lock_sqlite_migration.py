# expect: lock clock_nanosleep took
# on: A
# target: this very process migration lock_sqlite_migration.py:21
import sqlite3
import tempfile
import threading
import time
from pathlib import Path

import anyio
from common import HOLD_S, go

path = Path(tempfile.mkdtemp(), "db")
first = sqlite3.connect(path, timeout=5, isolation_level=None)
first.execute("create table t (n)")


def migrate() -> None:
    second = sqlite3.connect(path, isolation_level=None)
    second.execute("begin immediate")
    time.sleep(2 * HOLD_S)
    second.execute("commit")
    second.close()


async def main() -> None:
    threading.Thread(target=migrate, name="migration").start()
    await anyio.sleep(0.05)
    started = time.perf_counter()
    first.execute("insert into t values (1)")  # <- here
    print("took", (time.perf_counter() - started) * 1e3)


go(main)
