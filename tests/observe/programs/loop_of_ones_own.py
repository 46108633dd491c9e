# expect: loop-thread clock_nanosleep|select 250
# on: asyncio
# suite: asyncio
"""A loop that makes its turns by code of the user's: its poller is no wait of that line's, and its tasks are tasks."""

import asyncio
import heapq
import threading
import time
from asyncio import events

from common import HOLD_S


class Loop(asyncio.SelectorEventLoop):
    def run_forever(self) -> None:
        self._thread_id = threading.get_ident()
        events._set_running_loop(self)
        try:
            while not self._stopping:
                self._turn()
        finally:
            self._stopping, self._thread_id = False, None
            events._set_running_loop(None)

    def _turn(self) -> None:
        timeout = 0.0 if self._ready or self._stopping else None
        if timeout is None and self._scheduled:
            timeout = max(0.0, self._scheduled[0].when() - self.time())
        self._process_events(self._selector.select(timeout))
        while self._scheduled and self._scheduled[0].when() <= self.time():
            self._ready.append(heapq.heappop(self._scheduled))
        for _ in range(len(self._ready)):
            handle = self._ready.popleft()
            if not handle.cancelled():
                handle._run()


async def main() -> None:
    await asyncio.sleep(0.2)
    time.sleep(HOLD_S)  # <- here
    await asyncio.sleep(0.2)


with asyncio.Runner(loop_factory=Loop) as runner:
    runner.run(main())
