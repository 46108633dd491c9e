# expect: clean
# on: A
import sys
import time

import anyio.from_thread

BACKENDS = {
    "asyncio": ("asyncio", {}),
    "asyncio+uvloop": ("asyncio", {"use_uvloop": True}),
    "trio": ("trio", {}),
}
name, options = BACKENDS[sys.argv[1]]
with anyio.from_thread.start_blocking_portal(name, options) as portal:
    for _ in range(10):
        portal.call(anyio.sleep, 0.01)
    time.sleep(0.3)
