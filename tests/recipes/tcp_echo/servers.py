"""Every server on disk, and a process that runs one: what it takes and what it says can be looked at from outside."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[3]
BOUND_S = 20.0
"""How long anything here may take at most, in seconds: far more than it does, and less than a test's time limit."""

BACKENDS = {
    "asyncio": ("asyncio", "asyncio+uvloop"),
    "trio": ("trio",),
    "anyio": ("asyncio", "asyncio+uvloop", "trio"),
}
CAPACITY = {
    "blocking_one_at_a_time": 1,
    "asyncio_blocking_mistake": 1,
    "threadpool_blocking": 3,
    "processpool_blocking": 3,
}
"""How many clients these serve at once; the next ones wait until one leaves. All others serve whoever comes."""

HELD = {"asyncio_blocking_mistake"}
"""Cancellation can't reach these while a client is silent."""

CLEAN: dict[str, list[str]] = {"threads": [], "processes": [], "descriptors": []}
"""What a server leaves behind when it has ended."""

FORKING = {"process_per_connection", "processpool_blocking"}


@dataclass(frozen=True)
class Variant:
    name: str
    backend: str | None
    kind: str = "tcp_echo"

    @property
    def recipe(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def capacity(self) -> int | None:
        return CAPACITY.get(self.name)

    def __str__(self) -> str:
        return f"{self.name}@{self.backend}" if self.backend else self.name


def variants(kind: str = "tcp_echo") -> list[Variant]:
    found = []
    for path in sorted((ROOT / "recipes" / kind).glob("[a-z]*.py")):
        backends = BACKENDS.get(path.stem.split("_")[0], (None,))
        found += [Variant(path.stem, backend, kind) for backend in backends]
    return found


def wait_until(condition: Callable[[], bool], what: str, limit_s: float = BOUND_S) -> None:
    """For what tells of itself nowhere, such as another process's descriptors."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit_s} s: {what}"
        time.sleep(0.002)


class Server:
    """One variant in a process of its own, on a listener that the test holds too."""

    def __init__(self, variant: Variant, *arguments: str, settings: dict[str, dict[str, float]] | None = None) -> None:
        """Its `serve` gets the arguments behind the listener; settings are constants, `{MODULE: {NAME: VALUE}}`."""
        self.variant = variant
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=socket.SOMAXCONN)
        self.address: tuple[str, int] = self.listener.getsockname()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  closed in `close`
        descriptor = self.listener.fileno()
        module = f"recipes.{variant.kind}.{variant.name}"
        # A client that never reads takes up all of it, and there are many such tests.
        constants = settings or {module: {"GRACE_S": 0.3}}
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-W",
                "always",
                Path(__file__).with_name("host.py"),
                module,
                variant.backend or "none",
                str(descriptor),
                json.dumps(constants),
                *arguments,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._said,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            pass_fds=[descriptor],
            start_new_session=True,
        )
        self.ps = psutil.Process(self.process.pid)
        self.expected = ""
        self.may_keep = 4 * 1024 * 1024  # bytes of memory after a fault: less than any of them pours in

    def __enter__(self) -> Self:
        if self.variant.name == "processpool_blocking":
            wait_until(lambda: len(self.family()) == 4, "the pool's three processes are there")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def family(self) -> list[psutil.Process]:
        """The process and those of its children that have not ended."""
        living = [self.ps]
        for child in self.ps.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if child.status() != psutil.STATUS_ZOMBIE:
                    living.append(child)
        return living

    def rss(self) -> int:
        """Memory in bytes: all of its own, and of its children what they don't share with it since the fork."""
        total: int = self.ps.memory_info().rss
        for process in self.family()[1:]:
            with suppress(psutil.NoSuchProcess):
                total += process.memory_full_info().uss
        return total

    def cpu_s(self) -> float:
        """CPU time of all its living processes together, in seconds."""
        return sum(time.clock_gettime((~process.pid << 3) | 2) for process in self.family())  # man clock_getcpuclockid

    def descriptors(self) -> int:
        return self.ps.num_fds()

    def limit_descriptors(self, soft: int) -> None:
        """Lower (or raise) the limit of the process and its children, from outside."""
        for process in self.family():
            hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)[1]
            resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (soft, hard))

    @contextmanager
    def lowered(self, free: int) -> Iterator[None]:
        """It and its children may open so many descriptors more, at least: what counts is the highest number."""
        before = resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE)[0]
        for process in self.family():
            hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)[1]
            numbers = {int(name) for name in os.listdir(f"/proc/{process.pid}/fd")}  # noqa: PTH208
            limit = next(number for number in range(4096) if len(set(range(number)) - numbers) == free + 1) - 1
            resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (limit, hard))
        try:
            yield
        finally:
            if self.process.poll() is None:
                self.limit_descriptors(before)

    def said(self) -> str:
        """What it wrote to its standard error so far: warnings, log records, tracebacks. Normally as `expected`."""
        self._said.seek(0)
        return self._said.read().decode()

    def signal(self, number: int) -> None:
        """To it and its children, as a terminal would."""
        os.killpg(self.process.pid, number)

    def stop(self) -> None:
        """Tell it to end, in the way of its kind."""
        if self.variant.backend is None:
            self.listener.shutdown(socket.SHUT_RDWR)
        else:
            os.kill(self.process.pid, signal.SIGUSR1)

    def ended(self, limit_s: float = BOUND_S) -> dict[str, Any]:
        """Wait until it has ended by itself; returns what it left behind."""
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], limit_s)[0], (
            f"{self.variant} has not ended within {limit_s} s"
        )
        told = self.process.stdout.readline()
        assert self.process.wait(limit_s) == 0, self.said()
        left: dict[str, Any] = json.loads(told)
        return left

    def close(self) -> None:
        """Whatever has become of it: nothing of it stays."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        self._said.close()
        self.listener.close()
