"""An exception in `add_done_callback` is only logged, and the program goes on.

The future's result is what the *worker* returned. What its callbacks raise goes to the
log of `concurrent.futures` ([its
documentation](https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Future.add_done_callback)
says "logged and ignored"), and no caller can ask for it. With logging not set up, a
line on standard error is all there is. asyncio's futures hand it to the loop's
exception handler instead, which logs it too.

**The way out**: a callback only passes on what came. Work that can fail belongs in the
work that is submitted, where `result()` raises.
"""

from concurrent.futures import Future, ThreadPoolExecutor

LOGS_IN_TRAP = "exception calling callback"
SEEN_IN_TRAP = "the caller sees: '42 bananas'; parsed: []"
SEEN_IN_WAY_OUT = "the caller sees: ValueError"


def read() -> str:
    """Stand in for a file with a surprise in it."""
    return "42 bananas"


def trap() -> str:
    """Parse in the callback."""
    parsed: list[int] = []

    def parse(future: Future[str]) -> None:
        # raises in the worker thread, or in the caller's if the future is done already
        parsed.append(int(future.result()))

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(read)
        future.add_done_callback(parse)
    return f"the caller sees: {future.result()!r}; parsed: {parsed}"


def way_out() -> str:
    """Parse in the work."""

    def read_and_parse() -> int:
        return int(read())

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(read_and_parse)
        try:
            return f"the caller sees: {future.result()}"
        except ValueError as error:
            return f"the caller sees: {type(error).__name__}"


if __name__ == "__main__":
    print("trap:   ", trap())
    print("way out:", way_out())
