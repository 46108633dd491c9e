"""`python -m benchmarks observer`: what a busy program pays for being observed, and how often threads are looked at.

Servers, their load and the observer have all processors, as they would in use. Each pass starts a program anew. What a
ratio tells is how much of its unobserved work a program keeps.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Case, Figures, Goal, UnavailableError, Work, WrongError, interleave, rows
from benchmarks.native import Load, compiled
from benchmarks.watched import CPU, WALL, Echo, Requests, Server, Watch, served, worked
from compare.observe import Observer
from compare.scenarios.script.program import SHARE
from compare.scenarios.shared.storage import content

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.__main__ import Options
    from benchmarks.measure import Row

    Run = Callable[[Watch, Observer], Figures]

WORKS = ("busy", "sync", "tasks", "processes", "threads")
CONNECTIONS = 64
ECHO, SYNC = "recipes.tcp_echo.asyncio_streams", "benchmarks.sync_endpoint"
SECONDS, QUICK_S = 2.0, 0.5
THREADS = 1000
TASKS, PROCESSES, FEW_TASKS = 1000, 4, 20
KEPT = 0.95
UNOBSERVED, OURS = "unobserved", "compare.observe"
LOOKS = "looks a second"
SWITCHES = re.compile(r"^voluntary_ctxt_switches:\s*(\d+)$", re.MULTILINE)


WATCHES = (
    Watch(UNOBSERVED, "limit"),
    Watch(OURS, "ours", "observe"),
    Watch("asyncio's debug mode", "peer", "debug"),
    Watch("aiocop", "peer", "aiocop"),
    Watch("blockbuster", "peer", "blockbuster"),
    Watch("strace -f -c", "peer", "", ("strace", "-f", "-c", "-p"), b"attached", "apt-get install strace"),
    Watch(
        "py-spy record", "peer", "", ("py-spy", "record", "-f", "raw", "-o", os.devnull, "-d", "60", "-p"),
        b"Sampling", "pip install py-spy",
    ),
)  # fmt: skip
PLAIN = WATCHES[:2]
"""Where nobody else is compared with."""


def measure(options: Options) -> list[Row]:
    """Measure the works that are asked for."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-")))
        bench = Bench(options, folder, stack.enter_context(Observer()))
        return [row for work in WORKS if options.wants(work) for row in getattr(bench, work)()]


class Bench:
    """Measures one work after the other."""

    def __init__(self, options: Options, folder: Path, observer: Observer) -> None:
        """Start nothing yet."""
        self.options, self.folder, self.observer = options, folder, observer
        self.seconds = QUICK_S if options.quick else SECONDS

    def busy(self) -> list[Row]:
        """An echo whose loop is never idle."""
        server = Server(ECHO, Echo(Load(self.folder, ()), CONNECTIONS, self.seconds))
        return self._kept(f"busy asyncio echo, {CONNECTIONS} connections × 1 KiB", partial(served, server), WATCHES)

    def sync(self) -> list[Row]:
        """A service that has its requests answered by threads."""
        (self.folder / "00000").write_bytes(content(0, 1024))
        run = partial(_served_by_threads, self.folder, self.seconds)
        return self._kept(f"busy uvicorn, a sync endpoint on 40 threads, {CONNECTIONS} connections", run)

    def tasks(self) -> list[Row]:
        """A loop of many tasks."""
        run = partial(worked, ("benchmarks.tasks", "1", str(TASKS), str(self.seconds)))
        return self._kept(f"{TASKS:,} tasks that hand one another messages", run)

    def processes(self) -> list[Row]:
        """A program of several processes, each with a loop."""
        run = partial(worked, ("benchmarks.tasks", str(PROCESSES), str(FEW_TASKS), str(self.seconds)))
        return self._kept(f"{PROCESSES} processes of {FEW_TASKS} tasks each", run)

    def threads(self) -> list[Row]:
        """How often threads are looked at, where there are many."""
        case = Case(OURS, "ours", partial(_looked_at, self.observer))
        seen = interleave([case], min(3, self.options.rounds), self.options.chooser)
        title = f"a program with {THREADS:,} threads"
        work = Work(title, {LOOKS: False, "% of a processor": False}, "", "", [Goal(OURS, LOOKS, "least", 100.0)])
        return rows(work, seen)

    def _kept(self, title: str, run: Run, watches: Sequence[Watch] = PLAIN) -> list[Row]:
        """How much of its work a program does, looked on in each way."""
        cases = [Case(watch.name, watch.kind, partial(run, watch, self.observer)) for watch in watches]
        seen = interleave(self.options.among(cases), self.options.rounds, self.options.chooser)
        goals = [Goal(OURS, WALL, "limit", KEPT)]
        title = f"{title}, {os.cpu_count()} processors"
        return rows(Work(title, {WALL: True, CPU: True}, UNOBSERVED, "", goals), seen)


def _served_by_threads(folder: Path, seconds: float, watch: Watch, observer: Observer) -> Figures:
    if importlib.util.find_spec("uvicorn") is None or importlib.util.find_spec("fastapi") is None:
        message = "uvicorn or FastAPI is not installed: pip install uvicorn fastapi"
        raise UnavailableError(message)
    get = folder / "get"
    if not get.exists():
        get = compiled("get", folder)
    server = Server(SYNC, Requests(get, folder, CONNECTIONS, seconds), {"FILE": str(folder / "00000")})
    return served(server, watch, observer)


def _looked_at(observer: Observer) -> Figures:
    """How often the sampler looks, by its own sleeps, one after each look; and what that costs."""
    program: Sequence[str] = [sys.executable, "-m", "benchmarks.threads", str(THREADS)]
    with observer.link() as link:
        env = {**os.environ, **link.env}
        process = subprocess.Popen(program, env=env, pass_fds=link.fds, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdout.readline()
            observer.begin(process.pid, link, share=SHARE)
            time.sleep(0.2)  # it has listed the threads by then
            before, spent, began = _switches(observer.pid), _spent(observer.pid), time.monotonic()
            time.sleep(1.0)
            took = time.monotonic() - began
            looks, cpu = _switches(observer.pid) - before, _spent(observer.pid) - spent
            seen = observer.end()
            process.stdin.close()
    if seen.threads < THREADS:
        message = f"{seen.threads} threads were seen of {THREADS}"
        raise WrongError(message)
    return {LOOKS: looks / took, "% of a processor": 100 * cpu / took}


def _switches(pid: int) -> int:
    try:
        found = SWITCHES.search(Path(f"/proc/{pid}/status").read_text())
    except OSError:
        found = None
    if found is None:
        message = "how often it looks is counted in /proc, which is not here"
        raise UnavailableError(message)
    return int(found[1])


def _spent(pid: int) -> float:
    return time.clock_gettime((~pid << 3) | 2)  # a process's clock, by clock_getcpuclockid(3)
