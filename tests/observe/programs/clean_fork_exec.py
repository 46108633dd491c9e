# expect: clean
# on: -
import os
import runpy
import sys
import time

if len(sys.argv) > 1:
    time.sleep(0.2)
    runpy.run_module("this", run_name="__main__") if "quiet" not in sys.argv else None
    raise SystemExit
pid = os.fork()
if not pid:
    time.sleep(0.2)
    os._exit(0)
os.waitpid(pid, 0)
os.execv(sys.executable, [sys.executable, __file__, "quiet"])
