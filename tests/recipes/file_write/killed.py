"""Writes a file again and again, is killed each time at another moment, and prints what was found: `killed.py MODULE
BACKEND FOLDER MOMENTS` prints JSON. The first half of the writers finds no old file, the second half one. Each is a
fork of this process, which has no threads.
"""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401  imported late by those who use it
import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel

from tests.recipes.file_write.conftest import arriving

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK, CHUNKS = 64 * 1024, 16
SMALLER = {"BATCH": 4 * CHUNK, "AHEAD": 4 * CHUNK}
"""Of the recipes' constants, so that one MiB makes several batches."""


def new(number: int) -> Iterator[bytes]:
    for _ in range(CHUNKS):
        yield bytes([number]) * CHUNK


def write(module: Any, backend: str, path: Path, number: int) -> None:
    durable = number % 10 == 0
    if backend == "none":
        module.write_file(path, new(number), durable)
    else:
        anyio.run(module.write_file, path, arriving(new(number)), durable, backend=backend)


def forked(*what: Any) -> int:
    pid = os.fork()
    if not pid:
        write(*what)
        os._exit(0)
    return pid


def look(path: Path, before: bytes, number: int) -> str:
    content = path.read_bytes() if path.exists() else b""
    whole = content == content[:1] * (CHUNK * CHUNKS) or not content
    if not whole or content[:1] not in (before, bytes([number])):
        return "mixed"
    return "old" if content[:1] == before else "new"


def left(path: Path) -> int:
    found = [each for each in path.parent.iterdir() if each != path]
    assert all(each.name.startswith(".") and each.suffix == ".part" for each in found), found
    for each in found:
        each.unlink()
    return len(found)


def main(name: str, backend: str, folder: str, moments: int) -> None:
    module, path = importlib.import_module(name), Path(folder, "file")
    vars(module).update(SMALLER)
    if backend != "none":
        anyio.run(anyio.lowlevel.checkpoint, backend=backend)  # imports what each fork would import again
    began = time.monotonic()
    assert os.waitpid(forked(module, backend, path, 1), 0)[1] == 0
    took = time.monotonic() - began
    found = {"old": 0, "new": 0, "mixed": 0, "beside none": 0, "beside old": 0}
    for turn in range(moments):
        number, alone = 2 + turn, turn < moments // 2
        if alone:
            path.unlink(missing_ok=True)
        before = path.read_bytes()[:1] if path.exists() else b""
        pid = forked(module, backend, path, number)
        time.sleep(took * 1.2 * (turn * 2 % moments) / moments)  # the moment: any is right
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        found[look(path, before, number)] += 1
        found["beside none" if alone else "beside old"] += left(path)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
