"""The thread itself sleeps.

**Where it still blocks**: the whole time.

**Use it when** there is nothing else to do.
"""

import time

__all__ = ["nap"]


def nap(seconds: float) -> float:
    """Sleep for so many seconds, and return how many."""
    time.sleep(seconds)
    return seconds
