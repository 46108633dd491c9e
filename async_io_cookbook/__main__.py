"""`async-io-cookbook`: what `python -m compare` does, also where the name `compare` is somebody else's."""

from __future__ import annotations

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not ignored
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # imports take time, and a traceback tells nobody anything

import importlib
import sys


def main() -> int:
    """Do what the arguments ask for, and return the exit status. This process runs nobody's code but ours."""
    launch = importlib.import_module("async_io_cookbook.process.launch")
    launch.claim(*launch.NAMES)
    status: int = importlib.import_module("compare.__main__").main()
    return status


if __name__ == "__main__":
    sys.exit(main())
