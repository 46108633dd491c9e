"""What the disk gives: `fio`, the tool that kernel developers measure with, on the same file.

Buffered, as Python's reads are; `invalidate` puts the file out of the page cache first.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from benchmarks.measure import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT_S = 300.0


def microseconds_a_read(path: str, reads: int, engine: str, depth: int, *, cpus: Sequence[int]) -> float:
    """Read 4 KiB at `reads` random places, `depth` in flight; return the mean time from one read to the next.

    Raises:
        UnavailableError: when there is no fio, or it can't use the engine here.
    """
    if shutil.which("fio") is None:
        message = "fio is not installed: apt-get install fio"
        raise UnavailableError(message)
    command = [
        "fio", "--output-format=json", "--name=limit", f"--filename={path}", "--readonly", "--rw=randread", "--bs=4k",
        f"--ioengine={engine}", f"--iodepth={depth}", f"--io_size={reads * 4096}", "--direct=0", "--invalidate=1",
        "--thread", "--randrepeat=0",
    ]  # fmt: skip
    if cpus:
        command.append(f"--cpus_allowed={','.join(map(str, cpus))}")
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()
        message = f"fio with {engine} failed here: {words[0][:160] if words else 'without a word'}"
        raise UnavailableError(message)
    return parsed(done.stdout)


def parsed(text: str) -> float:
    """Take the mean time between reads, in microseconds, from fio's JSON; it may print notes before that."""
    report: dict[str, Any] = json.loads(text[text.index("{") :])
    read = report["jobs"][0]["read"]
    return float(read["runtime"]) * 1000 / int(read["total_ios"])
