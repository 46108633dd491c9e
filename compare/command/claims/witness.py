"""Looks at processes from outside: in which call does each thread wait, and how long has it run?"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

from compare.catalogue.recipes import ROOT
from compare.command.claims.claim import CannotTryError
from compare.process import groups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

LIMIT_S = 20.0
"""How long a child may take to get where it is expected; a busy machine needs a fraction of it."""

LOOK_S = 0.002
RUNNING = "running"


def need_proc() -> None:
    """Say so where the kernel does not tell what threads wait in.

    Raises:
        CannotTryError: no `/proc/PID/task/TID/syscall` here, or no right to read it.
    """
    try:
        Path(f"/proc/self/task/{os.getpid()}/syscall").read_bytes()
        Path(f"/proc/self/task/{os.getpid()}/schedstat").read_bytes()
    except OSError as error:
        message = f"/proc does not tell what a thread waits in ({error.strerror})"
        raise CannotTryError(message) from error


@dataclass(frozen=True, slots=True)
class Thread:
    """One thread at one moment: whose it is, the call that it waits in (or `running`), and the call's descriptor."""

    pid: int
    tid: int
    call: str
    target: str

    @property
    def is_main(self) -> bool:
        """Whether it is its process's first thread."""
        return self.pid == self.tid


def threads(pid: int) -> list[Thread]:
    """Every thread of a process and of the processes that it started; one that ends meanwhile is left out."""
    from compare.observe.kernel import system_calls as syscalls  # noqa: PLC0415  it reads kernel tables that only Linux has

    found = []
    for task in _entries(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError, ValueError):
            words = (task / "syscall").read_text().split()
            call = RUNNING if words[0] == RUNNING else syscalls.name(int(words[0]))
            target = ""
            if call in syscalls.ON_DESCRIPTOR:
                with contextlib.suppress(OSError):
                    target = os.readlink(f"/proc/{pid}/fd/{int(words[1], 16)}")  # noqa: PTH115  "socket:[42]" is no path
            found.append(Thread(pid, int(task.name), call, target))
            for child in (task / "children").read_text().split():
                found += threads(int(child))
    return found


def calls(pid: int) -> Counter[str]:
    """How many threads wait in which call."""
    return Counter(each.call for each in threads(pid))


def _entries(folder: str) -> list[Path]:
    try:
        return list(Path(folder).iterdir())
    except OSError:
        return []


def settle(look: Callable[[], T], expected: Callable[[T], object]) -> T:
    """Look until what is seen is as expected, or the limit is over; return what was seen last.

    Nothing tells when a thread begins to wait, so there is no event to wait for.
    """
    deadline = time.monotonic() + LIMIT_S
    while not expected(seen := look()) and time.monotonic() < deadline:
        time.sleep(LOOK_S)
    return seen


def run_ns(pid: int) -> tuple[int, int]:
    """Nanoseconds that a process's main thread has been on a CPU, and in line for one."""
    run, delay, _ = Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()
    return int(run), int(delay)


@contextlib.contextmanager
def program(*words: str, errors: IO[str] | int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[str]]:
    """A Python program in a session of its own, which is ended with all that it started; `errors` is its stderr."""
    process = subprocess.Popen(  # noqa: S603  our own recipes
        [sys.executable, *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        **groups.APART,
    )
    try:
        yield process
    finally:
        groups.kill(process)
        process.communicate()


@contextlib.contextmanager
def server(recipe: str, silent: int) -> Iterator[tuple[int, socket.socket]]:
    """A recipe's server with `silent` clients that were answered once; gives its pid, and one more that may ask."""
    with program("-m", f"recipes.tcp_echo.{recipe}", "0") as process, contextlib.ExitStack() as stack:
        assert process.stdout is not None
        _, _, address = process.stdout.readline().strip().rpartition(" ")
        host, _, port = address.rpartition(":")
        if not port.isdecimal():
            message = f"the server {recipe} did not start"
            raise CannotTryError(message)
        clients = [
            stack.enter_context(socket.create_connection((host, int(port)), timeout=LIMIT_S)) for _ in range(silent)
        ]
        for client in clients:
            ask(client)
        yield process.pid, clients[-1]


def ask(client: socket.socket, times: int = 1) -> None:
    """Say a byte and hear the answer, `times` times.

    Raises:
        TimeoutError: no answer came.
    """
    for _ in range(times):
        client.sendall(b"x")
        assert client.recv(1) == b"X"
