"""How many threads the interpreter counts: before a fork, after it, and after some pool work. Plain: 0 0 0.
Observed on 3.13: 1 0 1 (the agent's thread ends before a fork and starts again at the next note), 1 1 1 on 3.11.
CPython's threading_cleanup() thus finds a dangling thread: 4 of test_concurrent_futures' modules 'env changed'."""

import _thread
import os
from concurrent.futures import ThreadPoolExecutor

counts = [_thread._count()]
if os.fork() == 0:
    os._exit(0)
os.wait()
counts.append(_thread._count())
with ThreadPoolExecutor(1) as pool:
    pool.submit(int).result()
counts.append(_thread._count())
print(*counts)
