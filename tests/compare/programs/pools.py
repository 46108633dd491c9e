"""Uses multiprocessing by fork and by spawn, and a module run as `__main__`."""

import multiprocessing
import runpy
from pathlib import Path


def square(number: int) -> int:
    """Do the work of one process."""
    return number * number


if __name__ == "__main__":
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(method, pool.map(square, range(5)))
    print(runpy.run_path(str(Path(__file__).with_name("exits_at_once.py").with_name("helper.txt")))["answer"])
