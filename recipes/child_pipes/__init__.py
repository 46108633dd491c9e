"""Every way that Python offers to talk to a child process through its pipes.

Each module has `run(arguments, data, timeout)`, which feeds a child and returns its
status and all that it wrote, and `lines(arguments)`, which gives each line as it comes;
sync or async. Each can be copied as it is, and run: `python -m
recipes.child_pipes.trio_run_process ls -l` says what came. A child is the leader of a
session of its own, so that at the time limit, or when its caller gives up, all that it
started can be ended with it: a grandchild too, which may hold the pipe open.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from recipes import print_anything

if TYPE_CHECKING:
    from collections.abc import Callable


def main(run: Callable[[list[str]], tuple[int, bytes, bytes]]) -> None:
    """Run a recipe as a program: print what the child did, or why it can't be started.

    Args:
        run: the recipe's, made synchronous by the run function of its event loop.

    Raises:
        SystemExit: status 2, when no program was given or it can't be started.
    """
    print_anything()
    arguments = sys.argv[1:]
    trouble = ""
    status, out, err = 0, b"", b""
    if not arguments:
        trouble = "expected a PROGRAM to run, and its arguments; got none"
    else:
        try:
            status, out, err = run(arguments)
        except* OSError as group:
            error: BaseException = group
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            why = error.strerror if isinstance(error, OSError) else None
            trouble = f"can't start {arguments[0]}: {why or error}"
    if trouble:
        sys.stderr.write(f"{Path(sys.argv[0]).name}: {trouble}\n")
        sys.exit(2)
    print(f"status {status}, {len(out)} bytes of output, {len(err)} of errors")
