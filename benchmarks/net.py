"""`python -m benchmarks net`: serve a TCP echo in every way; then hold ten thousand connections.

Server and load share one processor: each runs until it has nothing to do, so that what is measured does not hang on how
fast one processor wakes another. The figure is what the *server's* process takes for a message, from its own clock
(`clock_getcpuclockid`(3)): a slow load, or a neighbour, does not show in it. Each pass starts a server anew.
"""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Case, Figures, Goal, Kind, UnavailableError, Work, interleave, rows
from benchmarks.native import Load, compiled
from compare.scenarios.net.options import processors
from compare.scenarios.shared.job import PINNED_MALLOC

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.__main__ import Options
    from benchmarks.measure import Row

WORKS = ("echo-64", "echo-1", "scale")
CONNECTIONS = 64
BUSY, MANY, QUICK_MANY = 100, 10_000, 1_000
SECONDS, QUICK_S = 1.0, 0.2
LIMIT = "epoll in C"
MESSAGE = "µs a message"
RATIO = "× the cost at 100"
IDLE = "KiB a connection"
STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class Server:
    """One row: which module serves, in which loop, and whether glibc's allocator is pinned."""

    name: str
    kind: Kind
    module: str
    backend: str = "none"
    pinned: bool = True


def recipe(name: str, backend: str = "none", note: str = "", *, pinned: bool = True) -> Server:
    """One of ours; `note` follows its name."""
    label = name if backend in {"none", name.partition("_")[0]} else f"{name} on {backend.rpartition('+')[2]}"
    return Server(f"{label}{note}", "ours", f"recipes.tcp_echo.{name}", backend, pinned)


def example(library: str, module: str, backend: str) -> Server:
    """A library's own example."""
    return Server(f"{library}'s example", "peer", f"benchmarks.peers.{module}", backend)


FRESH = ", nothing tuned"
SERVERS = (
    recipe("epoll_multiplexing"),
    recipe("selectors_multiplexing"),
    recipe("asyncio_protocol", "asyncio+uvloop"),
    recipe("asyncio_buffered_protocol", "asyncio+uvloop"),
    recipe("asyncio_streams", "asyncio+uvloop"),
    recipe("asyncio_protocol", "asyncio"),
    recipe("asyncio_protocol", "asyncio", FRESH, pinned=False),
    recipe("asyncio_buffered_protocol", "asyncio"),
    recipe("asyncio_buffered_protocol", "asyncio", FRESH, pinned=False),
    recipe("asyncio_streams", "asyncio"),
    recipe("asyncio_streams", "asyncio", FRESH, pinned=False),
    recipe("asyncio_sock_calls", "asyncio"),
    recipe("trio_sockets", "trio"),
    recipe("trio_streams", "trio"),
    *(recipe("anyio_streams", backend) for backend in ("asyncio", "asyncio+uvloop", "trio")),
    example("asyncio", "asyncio_docs", "asyncio"),
    example("trio", "trio_tutorial", "trio"),
    example("anyio on asyncio", "anyio_docs", "asyncio"),
    example("anyio on uvloop", "anyio_docs", "asyncio+uvloop"),
    example("anyio on trio", "anyio_docs", "trio"),
)
SINGLE = (recipe("thread_per_connection"), recipe("epoll_multiplexing"))
SCALED = (
    recipe("epoll_multiplexing"),
    recipe("asyncio_buffered_protocol", "asyncio"),
    recipe("asyncio_streams", "asyncio"),
    recipe("asyncio_protocol", "asyncio+uvloop"),
    recipe("trio_sockets", "trio"),
    recipe("trio_streams", "trio"),
)
ECHO_GOALS = tuple(
    Goal(name, MESSAGE, "limit", bound)
    for name, bound in (
        ("epoll_multiplexing", 0.65),
        ("asyncio_protocol on uvloop", 0.55),
        (f"asyncio_buffered_protocol{FRESH}", 0.36),
        (f"asyncio_streams{FRESH}", 0.20),
        ("trio_sockets", 0.16),
        ("trio_streams", 0.11),
    )
)
ANYIO_GOALS = tuple(
    (f"anyio_streams on {loop}", f"anyio on {loop}'s example") for loop in ("asyncio", "uvloop", "trio")
)


def measure(options: Options) -> list[Row]:
    """Measure the works that are asked for."""
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as name:
        bench = Bench(options, Path(name))
        made: list[Row] = []
        if options.wants("echo-64"):
            made += bench.echo(f"echo, {CONNECTIONS} connections × 1 KiB", SERVERS, CONNECTIONS, ECHO_GOALS)
            made += bench.beside_examples
        if options.wants("echo-1"):
            goals = [Goal("thread_per_connection", MESSAGE, "limit", 0.82)]
            made += bench.echo("echo, 1 connection × 1 KiB", SINGLE, 1, goals)
        if options.wants("scale"):
            made += bench.scale()
    return made


class Bench:
    """Starts servers, and loads them."""

    def __init__(self, options: Options, folder: Path) -> None:
        """Compile what is written in C."""
        self.options = options
        self.cpus = processors(1)
        self.seconds = QUICK_S if options.quick else SECONDS
        self.load = Load(folder, self.cpus)
        self.limit: Path | None = None
        self.why = ""
        self.beside_examples: list[Row] = []
        try:
            self.limit = compiled("echo_epoll", folder)
        except UnavailableError as error:
            self.why = str(error)

    def echo(self, title: str, servers: Sequence[Server], connections: int, goals: Sequence[Goal]) -> list[Row]:
        """All busy."""
        title += f" (load in {'Python' if self.load.why else 'C'})"

        def figures(server: Server | None) -> Figures:
            with self.serving(server) as (port, pid):
                told = self.load.run(port, pid, connections=connections, busy=connections, seconds=self.seconds)
            return {MESSAGE: told["cpu"] / told["messages"] * 1e6}

        cases = [Case(LIMIT, "limit", partial(figures, None))]
        cases += [Case(server.name, server.kind, partial(figures, server)) for server in servers]
        seen = interleave(self.options.among(cases), self.options.rounds, self.options.chooser)
        by_name = {each.case.name: each for each in seen}
        for ours, example_ in ANYIO_GOALS:
            if ours in by_name and example_ in by_name:
                pair = [by_name[ours], by_name[example_]]
                work = Work(
                    f"{title}: beside its example", {MESSAGE: True}, "", example_, [Goal(ours, MESSAGE, "peer", 1.0)]
                )
                self.beside_examples += rows(work, pair)
        return rows(Work(title, {MESSAGE: True}, LIMIT, "", goals), seen)

    def scale(self) -> list[Row]:
        """A few busy among many."""
        many = QUICK_MANY if self.options.quick else MANY
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < many + 100:
            message = f"scale needs {many + 100} descriptors a process, and may have {hard}: raise it with ulimit -Hn"
            raise UnavailableError(message)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

        def figures(server: Server | None) -> Figures:
            costs = []
            for connections in (BUSY, many):
                with self.serving(server) as (port, pid):
                    told = self.load.run(port, pid, connections=connections, busy=BUSY, seconds=self.seconds)
                costs.append(told["cpu"] / told["messages"] * 1e6)
            held = (told["kib_after"] - told["kib_before"]) / many
            return {MESSAGE: costs[1], RATIO: costs[1] / costs[0], IDLE: held}

        cases = [Case(LIMIT, "limit", partial(figures, None))]
        cases += [Case(server.name, server.kind, partial(figures, server)) for server in SCALED]
        try:
            seen = interleave(self.options.among(cases), min(self.options.rounds, 5), self.options.chooser)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        goals = [Goal(server.name, RATIO, "value", 1.5) for server in SCALED]
        title = f"{many:,} connections, {BUSY} of them busy, every one answered"
        return rows(Work(title, {MESSAGE: True, RATIO: False, IDLE: False}, LIMIT, "", goals), seen)

    @contextmanager
    def serving(self, server: Server | None) -> Iterator[tuple[int, int]]:
        """A server in a process of its own, `None` being the limit: its port and its process."""
        with socket.create_server(("127.0.0.1", 0), backlog=socket.SOMAXCONN) as listener:
            port = int(listener.getsockname()[1])
            process = self._limit() if server is None else self._python(server, listener.fileno())
            try:
                if server is None:
                    assert process.stdout is not None
                    port = int(process.stdout.readline().rpartition(b":")[2])
                yield port, process.pid
                if process.poll() is not None:
                    message = f"its process ended with status {process.returncode}"
                    raise UnavailableError(message)
            finally:
                process.kill()
                process.wait(STOP_S)
                if process.stdout is not None:
                    process.stdout.close()

    def _limit(self) -> subprocess.Popen[bytes]:
        if self.limit is None:
            raise UnavailableError(self.why)
        process = subprocess.Popen([str(self.limit), "0"], stdout=subprocess.PIPE)
        if self.cpus:
            os.sched_setaffinity(process.pid, self.cpus)
        return process

    def _python(self, server: Server, descriptor: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "benchmarks.server", server.module, server.backend, str(descriptor)]
        env = dict(os.environ) | (PINNED_MALLOC if server.pinned else {})
        # asyncio's example logs each connection that is reset at the end.
        errors = subprocess.DEVNULL if server.kind == "peer" else None
        return subprocess.Popen([*command, *map(str, self.cpus)], pass_fds=(descriptor,), env=env, stderr=errors)
