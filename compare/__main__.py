"""`python -m compare`: starts what the arguments ask for; it is imported when it is asked for."""

from __future__ import annotations

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not ignored
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # imports take time, and a traceback tells nobody anything

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments ask for, and return the exit status."""
    from compare.command import start  # noqa: PLC0415  Ctrl-C meanwhile ends this without a word

    return start.main(list(sys.argv[1:] if arguments is None else arguments))


if __name__ == "__main__":
    sys.exit(main())
