"""Has a process that runs already execute a script, by `sys.remote_exec`; run by that process's own interpreter.

CPython asks that both are of one version. The script is executed when the process's main thread runs Python next. It
is told on standard input which process and which script, and answers in a line whether that could be asked for. Unless
the next line says that the script has been executed, it is withdrawn: an empty file takes its place, and what would be
missing then is nothing that the process complains of. So it is, too, when whoever asked has died.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ENTERED = "entered"
NOTHING = os.devnull


def _ask(pid: int, script: str) -> str | None:
    """Ask for it; returns why not, or `None`."""
    remote_exec: Callable[[int, str], None] | None = getattr(sys, "remote_exec", None)
    if remote_exec is None:
        return "Python {}.{} lets no agent in from outside (3.14 and later do)".format(*sys.version_info)
    try:
        remote_exec(pid, script)
    except Exception as error:  # noqa: BLE001  it is told
        return f"{type(error).__name__}: {error}"
    return None


def _main() -> None:
    asked = json.loads(sys.stdin.readline())
    refused = _ask(asked["pid"], asked["script"])
    sys.stdout.write(json.dumps({"refused": refused}) + "\n")
    sys.stdout.flush()
    if refused is None and sys.stdin.readline().strip() != ENTERED:
        _ask(asked["pid"], NOTHING)
    with contextlib.suppress(OSError):  # whoever asked may have died, and removes it no more
        os.unlink(asked["script"])  # noqa: PTH108  few imports


if __name__ == "__main__":
    _main()
