"""`python -m benchmarks serve`: serve files over HTTP in every way, beside nginx and a server in C.

Server and load share one processor, and the figure is what the *server's* process takes, from its own clock
(`clock_getcpuclockid`(3)), as in `python -m benchmarks net`. For files that are not in memory it is how long the loop
was held, as pings see it; there nothing is pinned. Each pass starts a server anew.

Who sends is charged for what the kernel does for it on the loopback interface, as long as it sends in its own call.
Congestion control with pacing (`bbr`, the default of some systems) sends from a timer instead, at the expense of
whoever runs then: figures of one server were a factor of two apart. So all have `reno`, which every Linux has.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import nginx
from benchmarks.file import Pings
from benchmarks.file_child import STAMP
from benchmarks.measure import Case, Figures, Goal, Kind, UnavailableError, Work, interleave, rows
from benchmarks.native import PATIENCE_S, compiled, told_by
from benchmarks.pipes import label
from compare import catalogue
from compare.catalogue import NoRoomError
from compare.scenarios.net.options import processors
from compare.scenarios.shared.job import PINNED_MALLOC
from compare.scenarios.shared.page_cache import evict
from compare.scenarios.shared.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.__main__ import Options
    from benchmarks.measure import Row
    from compare.catalogue import Variant

WORKS = ("big", "small", "heads", "cold")
LIMIT, NGINX, H11 = "sendfile in C", "nginx, one worker", "h11 alone"
PER_GIB, PER_REQUEST, STALL, TIME = "ms of CPU a GiB", "µs of CPU a request", "ms stall", "ms"
WRK = "requests a second, as wrk counts"
SECONDS, QUICK_S = 1.0, 0.2
STOP_S = 5.0
GOALS = {"big": 0.9, "small": 0.5}
BEST = {
    "big": ("thread_per_connection", "trio_sendfile", "asyncio_readahead"),
    "small": ("asyncio_cached_first on uvloop",),
}
NEVER_HELD = ("asyncio_cached_first", "asyncio_readahead", "trio_sendfile", "asyncio_to_thread")


@dataclass(frozen=True, slots=True)
class Files:
    """What is served, and to how many clients at once."""

    folder: Path
    paths: tuple[str, ...]
    size: int
    connections: int
    requests: int = 0
    new_heads: bool = False


def measure(options: Options) -> list[Row]:
    """Measure the works that are asked for.

    Raises:
        UnavailableError: when the load can't be compiled, or there is no room for the files.
    """
    made: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as name, Storage() as storage:
        bench = Bench(options, Path(name).resolve(), storage)
        try:
            if options.wants("big"):
                files = bench.files(4, (1 if options.quick else 16) << 20, 4)
                made += bench.busy("big", "16 MiB files, 4 connections", files, PER_GIB)
            if options.wants("small"):
                files = bench.files(64, 16 << 10, 16)
                made += bench.busy("small", "16 KiB files, 16 connections kept alive", files, PER_REQUEST)
            if options.wants("heads"):
                files = replace(bench.files(64, 16 << 10, 16), new_heads=True)
                made += bench.busy("heads", "16 KiB files, kept alive, no two heads alike", files, PER_REQUEST)
            if options.wants("cold"):
                made += bench.cold()
        except NoRoomError as error:
            raise UnavailableError(str(error)) from None
    return made


class Bench:
    """Starts servers, and loads them."""

    def __init__(self, options: Options, folder: Path, storage: Storage) -> None:
        """Compile what is written in C."""
        self.options, self.folder, self.storage = options, folder, storage
        self.cpus = processors(1)
        self.load, self.limit = compiled("get", folder), compiled("serve_sendfile", folder)
        self.variants = [each for each in catalogue.variants("serve") if each.recipe]

    def files(self, count: int, size: int, connections: int) -> Files:
        """Files in the page cache."""
        folder = self.storage.folder()
        made = self.storage.make(folder, count, size, lambda: None)
        return Files(folder, made.paths, size, connections)

    def busy(self, name: str, title: str, files: Files, unit: str) -> list[Row]:
        """All from memory, as fast as they are taken."""

        def figures(variant: Variant | str) -> Figures:
            with ExitStack() as stack:
                port, pid = stack.enter_context(self.serving(variant, files, Pings(stack), self.cpus))
                self.awake(port)
                told = self.run(files, port, pid, self.cpus)
                if unit == PER_GIB:
                    return {unit: told["cpu"] * 1000 / told["bytes"] * 2**30}
                counted = {} if files.new_heads else self.wrk(port)
                return {unit: told["cpu"] / told["requests"] * 1e6, **counted}

        cases = self._cases(figures)
        if files.new_heads:
            cases.insert(1, Case(H11, "limit", self.h11))
        seen = interleave(self.options.among(cases), self.options.rounds, self.options.chooser)
        goals = [Goal(each, unit, of, GOALS[name]) for each in BEST.get(name, ()) for of in ("limit", "peer")]
        units = {unit: True} | ({WRK: False} if name == "small" else {})
        return rows(Work(title.replace("16 MiB", f"{files.size >> 20} MiB"), units, LIMIT, NGINX, goals), seen)

    def h11(self) -> Figures:
        """What a head costs when h11 parses it, and nothing else is done."""
        command = [sys.executable, "-m", "benchmarks.h11_alone", *map(str, self.cpus)]
        told = told_by(command, PATIENCE_S, f"not done within {PATIENCE_S:.0f} s")
        return {PER_REQUEST: told["cpu"] / told["requests"] * 1e6}

    def cold(self) -> list[Row]:
        """Files that are evicted just before, each asked for once."""
        count, size = (4, 1 << 20) if self.options.quick else (16, 4 << 20)
        folder, remark = self.storage.cold_folder()
        if folder is None:
            raise UnavailableError(str(remark))
        files = Files(folder, self.storage.make(folder, count, size, lambda: None).paths, size, 8, count)

        def figures(variant: Variant | str) -> Figures:
            with ExitStack() as stack:
                pings = Pings(stack)
                port, pid = stack.enter_context(self.serving(variant, files, pings, ()))
                self.awake(port)
                if isinstance(variant, str) or variant.backend is None:
                    return {TIME: self.fetched(files, port, pid)}
                _worst(pings)  # what came before was its start
                with pings.sent():
                    took = self.fetched(files, port, pid)
                return {TIME: took, STALL: _worst(pings)}

        idle = Case("a loop that does nothing else", "limit", partial(self.idle, files))
        cases = [*self._cases(figures), idle]
        seen = interleave(self.options.among(cases), self.options.rounds, self.options.chooser)
        goals = [Goal(each, STALL, "value", 5.0) for each in NEVER_HELD]
        title = f"{count} files of {size >> 20} MiB, cold, 8 connections"
        return rows(Work(title, {TIME: False, STALL: False}, "", "", goals), seen)

    def fetched(self, files: Files, port: int, pid: int) -> float:
        """Evict, ask for all, and say how long that took in milliseconds."""
        if why := evict(files.paths):
            raise UnavailableError(why)
        return float(self.run(files, port, pid, ())["seconds"] * 1000)

    def idle(self, files: Files) -> Figures:
        """What the machine adds: a loop that serves nobody, for as long as a pass takes."""
        variant = next(each for each in self.variants if each.backend == "asyncio")
        with ExitStack() as stack:
            pings = Pings(stack)
            port, _ = stack.enter_context(self.serving(variant, files, pings, ()))
            self.awake(port)
            _worst(pings)
            with pings.sent():
                time.sleep(0.2)
            return {STALL: _worst(pings)}

    def _cases(self, figures: Any) -> list[Case]:
        cases = [Case(LIMIT, "limit", partial(figures, LIMIT)), Case(NGINX, "peer", partial(figures, NGINX))]
        return cases + [Case(label(each), _OURS, partial(figures, each)) for each in self.variants]

    @contextmanager
    def serving(
        self, variant: Variant | str, files: Files, pings: Pings, cpus: Sequence[int]
    ) -> Iterator[tuple[int, int]]:
        """A server in a process of its own: its port and its process."""
        with socket.create_server(("127.0.0.1", 0), backlog=socket.SOMAXCONN) as listener:
            port = int(listener.getsockname()[1])
            if variant == NGINX:
                process, port = nginx.start(files.folder, self.folder / "nginx")
            else:
                nginx.sends_at_once(listener)
                process = self._started(variant, files, listener.fileno(), pings, cpus)
            try:
                if isinstance(variant, str) and cpus:
                    os.sched_setaffinity(process.pid, cpus)
                yield port, process.pid
                if process.poll() is not None:
                    message = f"its process ended with status {process.returncode}"
                    raise UnavailableError(message)
            finally:
                process.kill()
                process.wait(STOP_S)

    def _started(
        self, variant: Variant | str, files: Files, listener: int, pings: Pings, cpus: Sequence[int]
    ) -> subprocess.Popen[bytes]:
        if isinstance(variant, str):
            return subprocess.Popen([str(self.limit), str(listener), str(files.folder)], pass_fds=(listener,))
        if variant.unavailable:
            raise UnavailableError(variant.unavailable)
        descriptors = (listener, pings.theirs.fileno())
        words = [variant.module, variant.backend or "none", listener, files.folder, descriptors[1], *cpus]
        command = [sys.executable, "-m", "benchmarks.file_server", *map(str, words)]
        return subprocess.Popen(command, pass_fds=descriptors, env=dict(os.environ) | PINNED_MALLOC)

    def awake(self, port: int) -> None:
        """Return when the server has answered somebody: what is measured afterwards is not its start."""
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as conn:
            conn.settimeout(PATIENCE_S)
            # no file that it has: a page in a socket's buffer can't be evicted
            conn.sendall(b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n")
            conn.recv(1)  # 404, or the end, which is the answer of the one in C

    def run(self, files: Files, port: int, pid: int, cpus: Sequence[int]) -> dict[str, Any]:
        """Load a server; return what the load's JSON says."""
        seconds = QUICK_S if self.options.quick else SECONDS
        numbers = (port, files.folder, len(files.paths), files.connections, seconds, files.requests, pid)
        command = [*_pinned(cpus), str(self.load), *map(str, numbers), *["new"] * files.new_heads]
        told = told_by(command, PATIENCE_S, f"not done within {PATIENCE_S:.0f} s")
        if not told["requests"]:
            message = "not one request was answered in time"
            raise UnavailableError(message)
        return told

    def wrk(self, port: int) -> Figures:
        """What a load that everybody knows says: where it is installed, in one thread over 16 connections."""
        if shutil.which("wrk") is None:
            return {}
        seconds = 1  # it takes whole ones
        command = [*_pinned(self.cpus), "wrk", "-t1", "-c16", f"-d{seconds}s", f"http://127.0.0.1:{port}/00000"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        return requests_a_second(done.stdout)


_OURS: Kind = "ours"


def requests_a_second(said: str) -> Figures:
    """The figure in what wrk prints; none where an answer was wrong or none came."""
    found = re.search(r"^Requests/sec:\s+([\d.]+)", said, re.MULTILINE)
    if found is None or "Non-2xx" in said or "Socket errors" in said:
        return {}
    return {WRK: float(found[1])}


def _pinned(cpus: Sequence[int]) -> list[str]:
    taskset = shutil.which("taskset")
    return [taskset, "-c", ",".join(map(str, cpus))] if cpus and taskset else []


def _worst(pings: Pings) -> float:
    """How late the loop took up a ping at the worst, in milliseconds; asking begins anew."""
    pings.ours.settimeout(STOP_S)
    try:
        pings.ours.send(STAMP.pack(0))
        return float(STAMP.unpack(pings.ours.recv(STAMP.size))[0] / 1e6)
    except TimeoutError:
        message = f"its loop did not take up a ping within {STOP_S:.0f} s"
        raise UnavailableError(message) from None
    finally:
        pings.ours.setblocking(False)
