"""What the programs share: running on the backend that was asked for, and things that happen later elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SETTLE_S = 0.05
HOLD_S = float(os.environ.get("HOLD_S", "0.25"))
"""How long a guilty program's wait lasts, in seconds."""


def go(main: Callable[[], Awaitable[Any]]) -> None:
    """Run an async function on the backend named by the first argument, with a little quiet around it."""

    async def quietly() -> None:
        await anyio.sleep(SETTLE_S)
        await main()
        await anyio.sleep(SETTLE_S)

    if sys.argv[1] == "trio":
        anyio.run(quietly, backend="trio")
    else:
        anyio.run(quietly, backend="asyncio", backend_options={"use_uvloop": "uvloop" in sys.argv[1]})


def later(function: Callable[..., Any], *args: Any, seconds: float = HOLD_S) -> threading.Timer:
    """Call a function in another thread, later."""
    timer = threading.Timer(seconds, function, args)
    timer.start()
    return timer


def process(code: str, *args: str) -> subprocess.Popen[bytes]:
    """Start another Python, which has `time, sys, os, fcntl` and HOLD_S."""
    code = f"import time, sys, os, fcntl\nHOLD_S = {HOLD_S}\n{code}"
    return subprocess.Popen([sys.executable, "-S", "-c", code, *args], stdout=subprocess.PIPE)


def ready(child: subprocess.Popen[bytes]) -> None:
    """Wait until it says so."""
    assert child.stdout is not None
    child.stdout.readline()


def fifo() -> str:
    """Return the path of a FIFO whose writer, another process, is there at once and writes later."""
    path = str(Path(tempfile.mkdtemp(), "fifo"))
    os.mkfifo(path)
    ready(process("print('x', flush=True)\nf = open(sys.argv[1], 'wb')\ntime.sleep(HOLD_S)\nf.write(b'x')", path))
    return path


def spin(seconds: float) -> None:
    """Compute in Python for so much processor time; for a caller that is not on trial."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        for _ in range(2000):  # asking for the time is a system call
            pass


def big_file(mebibytes: int = 48) -> str:
    """Return the path of a file that is not in memory."""
    path = Path(os.environ.get("BIG_FILES", str(Path(__file__).parent)), f".big-{os.getpid()}")
    block = os.urandom(1 << 20)
    with path.open("wb") as file:
        for _ in range(mebibytes):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return str(path)
