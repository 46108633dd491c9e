"""A program with many threads that wait, until its standard input is closed: `python -m benchmarks.threads COUNT`."""

from __future__ import annotations

import sys
import threading


def main(count: int) -> None:
    """Start them, say so, and end with the parent."""
    from compare.observe.agent import install as agent  # noqa: PLC0415  does nothing when nobody observes

    agent.install()
    threading.stack_size(256 * 1024)
    over = threading.Event()
    threads = [threading.Thread(target=over.wait, name=f"waits-{number}") for number in range(count)]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(int(sys.argv[1]))
