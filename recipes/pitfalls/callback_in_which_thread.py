"""A done callback runs in the worker's thread or in the caller's: timing decides.

`add_done_callback` on a future that is still pending runs the callback in the thread
that finishes the work. On a future that is already done it runs there and then, in the
caller. So the same line touches the same list from either of two threads: a data race
that a quick test never shows.

**The way out**: let the callback do one thing that is safe from any thread, and do the
rest in one known thread: put it on a queue, or into an event loop with
`call_soon_threadsafe` (which is what `asyncio.wrap_future` does).
"""

import queue
import threading
from concurrent.futures import Future, ThreadPoolExecutor

SEEN_IN_TRAP = ["pool_0", "the caller"]
SEEN_IN_WAY_OUT = ["the caller", "the caller"]


def here() -> str:
    """The name of the thread that calls this."""
    name = threading.current_thread().name
    return name if name.startswith("pool") else "the caller"


def pending_and_done(
    pool: ThreadPoolExecutor, started: threading.Event
) -> tuple[Future[bool], Future[bool]]:
    """One future that waits for `started`, and one that is finished."""
    done = pool.submit(bool)
    done.result()
    return pool.submit(started.wait), done


def trap() -> list[str]:
    """Let the callback do the work."""
    ran_in: list[str] = []
    started = threading.Event()
    with ThreadPoolExecutor(1, thread_name_prefix="pool") as pool:
        pending, done = pending_and_done(pool, started)
        pending.add_done_callback(lambda _: ran_in.append(here()))
        started.set()
        pending.result()
    done.add_done_callback(lambda _: ran_in.append(here()))
    return ran_in


def way_out() -> list[str]:
    """Let the callback hand over, and do the work here."""
    finished: queue.SimpleQueue[Future[bool]] = queue.SimpleQueue()
    started = threading.Event()
    with ThreadPoolExecutor(1, thread_name_prefix="pool") as pool:
        for future in pending_and_done(pool, started):
            # safe from any thread, and all that happens there
            future.add_done_callback(finished.put)
        started.set()
        ran_in = []
        for _ in range(2):
            finished.get()
            ran_in.append(here())
    return ran_in


if __name__ == "__main__":
    print("trap:   ", trap())
    print("way out:", way_out())
