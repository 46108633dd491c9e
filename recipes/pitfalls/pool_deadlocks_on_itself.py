"""A pool that deadlocks on itself: the worker waits for work that only it could do.

A function that runs in a pool submits more work to the same pool and waits for its
result. With a free thread all is well. When every thread is such a waiter, the work
they wait for stays queued behind them, for ever. A recursive walk over a directory does
it, and so does a library that uses the default pool inside of yours.

**The way out**: a worker never waits for its own pool. Return, and let the caller (a
loop, or the main thread) submit the next step; or give each level a pool of its own.
"""

import queue
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor

SEEN_IN_TRAP = "the inner work never started: True"
SEEN_IN_WAY_OUT = "the inner work gave: 42"


def read_part() -> int:
    """Stand in for a blocking read."""
    return 42


def trap() -> str:
    """Wait inside of the pool for the pool."""
    handed_over: queue.SimpleQueue[Future[int]] = queue.SimpleQueue()
    with ThreadPoolExecutor(1) as pool:

        def read_whole() -> int:  # runs in the only worker
            part = pool.submit(read_part)
            handed_over.put(part)
            return part.result()  # waits for itself

        whole = pool.submit(read_whole)
        # what has started can't be cancelled; this also ends the deadlock
        never_started = handed_over.get().cancel()
        try:
            return f"the inner work gave: {whole.result()}"
        except CancelledError:
            return f"the inner work never started: {never_started}"


def way_out() -> str:
    """Wait outside of it."""
    with ThreadPoolExecutor(1) as pool:
        # runs in the only worker, and leaves it free for the next step
        def read_whole() -> int:
            return 0

        pool.submit(read_whole).result()
        part = pool.submit(read_part)  # the caller submits the next step
        return f"the inner work gave: {part.result()}"


if __name__ == "__main__":
    print("trap:   ", trap())
    print("way out:", way_out())
