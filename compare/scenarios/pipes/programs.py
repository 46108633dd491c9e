"""What the children are: `cat`, which starts in a millisecond; where there is none, a Python that does the same."""

from __future__ import annotations

import shutil
import sys

COPY = "import shutil, sys; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer, 1 << 16)"
NAPS = "import sys, time; time.sleep(float(sys.argv[1])); "
TELLS = "import sys; sys.stderr.buffer.write(open(sys.argv[1], 'rb').read()); sys.stderr.flush(); "


def has_shell() -> bool:
    """Whether the programs of a Unix are there."""
    return all(shutil.which(name) for name in ("sh", "cat", "sleep"))


def cat() -> list[str]:
    """Gives back what it gets."""
    return ["cat"] if has_shell() else _python(COPY)


def late(seconds: float) -> list[str]:
    """Does so after a while."""
    return ["sh", "-c", f"sleep {seconds:g}; exec cat"] if has_shell() else _python(NAPS + COPY, f"{seconds:g}")


def loud(path: str) -> list[str]:
    """First writes a file to its standard error."""
    return ["sh", "-c", 'cat "$0" >&2; exec cat', path] if has_shell() else _python(TELLS + COPY, path)


def _python(program: str, *arguments: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", program, *arguments]
