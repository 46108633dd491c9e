"""Programs with known waits: `python -m benchmarks.waits NAME NAMES`, NAMES being a file to write threads' names to.

Each waits in one call of one thread for what another process or thread gives it late; `EXPECTED` says in which. The
program marks where that begins and ends with an `access`(2) of a path that is not there, for `strace` to see.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BEGIN, END = "/benchmarks-begin", "/benchmarks-end"
WAIT_S = 0.2
SHORT_S = 0.004
MAIN = "MainThread"
names: dict[int, str] = {}


def note() -> None:
    """Remember the name of the thread that runs this."""
    names[threading.get_native_id()] = threading.current_thread().name


def later(act: Callable[[], object], seconds: float = WAIT_S) -> None:
    """Act in a thread of its own, after a while: what somebody waits for."""
    threading.Timer(seconds, act).start()


async def sleeps() -> None:
    """`time.sleep` on the loop."""
    time.sleep(WAIT_S)  # noqa: ASYNC251  what is studied


async def short_sleeps() -> None:
    """Many waits, each of them short."""
    for _ in range(50):
        time.sleep(SHORT_S)  # noqa: ASYNC251  what is studied
        await asyncio.sleep(0)


async def reads_pipe() -> None:
    """A read from a pipe that is written to later."""
    ours, theirs = os.pipe()
    later(lambda: os.write(theirs, b"x"))
    os.read(ours, 1)


async def receives() -> None:
    """A blocking receive."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        later(lambda: theirs.send(b"x"))
        ours.recv(1)


async def polls() -> None:
    """A poll of one's own on the loop."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        later(lambda: theirs.send(b"x"))
        poll = select.poll()
        poll.register(ours, select.POLLIN)
        poll.poll()


async def waits_for_result() -> None:
    """A future's result, asked for on the loop."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_slept).result()


async def waits_for_child() -> None:
    """A child process, waited for on the loop."""
    child = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE)  # noqa: ASYNC220  what is studied
    assert child.stdin is not None
    later(child.stdin.close)
    child.wait()


async def waits_for_file_lock() -> None:
    """A lock that another open file has."""
    with tempfile.NamedTemporaryFile() as file, Path(file.name).open("rb") as other:  # noqa: ASYNC230  memory
        fcntl.flock(other, fcntl.LOCK_EX)
        later(lambda: fcntl.flock(other, fcntl.LOCK_UN))
        fcntl.flock(file, fcntl.LOCK_EX)


async def worker_reads() -> None:
    """Two workers of the default executor, each in a read."""
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            ours, theirs = os.pipe()
            group.create_task(asyncio.to_thread(_read, ours))
            later(lambda end=theirs: os.write(end, b"x"))  # type: ignore[misc]


async def worker_sleeps() -> None:
    """A worker that sleeps."""
    await asyncio.to_thread(_slept)


async def trio_receives() -> None:
    """A blocking receive on trio's thread."""
    await receives()


async def trio_worker_reads() -> None:
    """A worker of trio's in a read."""
    ours, theirs = os.pipe()
    later(lambda: os.write(theirs, b"x"))
    await trio.to_thread.run_sync(_read, ours)


def _slept() -> None:
    note()
    time.sleep(WAIT_S)


def _read(descriptor: int) -> None:
    note()
    os.read(descriptor, 1)


EXPECTED: dict[str, frozenset[str]] = {
    "sleeps": frozenset({"clock_nanosleep"}),
    "short_sleeps": frozenset({"clock_nanosleep"}),
    "reads_pipe": frozenset({"read"}),
    "receives": frozenset({"recvfrom"}),
    "polls": frozenset({"poll", "ppoll"}),
    "waits_for_result": frozenset({"futex"}),
    "waits_for_child": frozenset({"wait4", "waitid"}),
    "waits_for_file_lock": frozenset({"flock"}),
    "worker_reads": frozenset({"read"}),
    "worker_sleeps": frozenset({"clock_nanosleep"}),
    "trio_receives": frozenset({"recvfrom"}),
    "trio_worker_reads": frozenset({"read"}),
}
"""In which call each of them waits; more than one, where C libraries differ."""


def main(arguments: Sequence[str]) -> None:
    """Run one; write the names of the threads that noted themselves."""
    name, path = arguments
    program = globals()[name]
    note()

    async def marked() -> None:
        os.access(BEGIN, os.F_OK)
        await program()
        os.access(END, os.F_OK)

    if name.startswith("trio_"):
        trio.run(marked)
    else:
        asyncio.run(marked())
    Path(path).write_text(json.dumps(names))


if __name__ == "__main__":
    main(sys.argv[1:])
