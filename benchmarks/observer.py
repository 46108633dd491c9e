"""`python -m benchmarks observer`: what a busy server pays for being observed, and how often threads are looked at.

The server is `asyncio_streams` with 64 connections; server, load and observer have all processors, as they would in
use. Each pass starts a server anew. What a ratio tells is how much of its unobserved throughput a server keeps.
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
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import detectors
from benchmarks.measure import Case, Figures, Goal, Kind, UnavailableError, Work, WrongError, interleave, rows
from benchmarks.native import Load
from compare.observe import Observer
from compare.scenarios.script.program import SHARE
from compare.scenarios.shared.job import PINNED_MALLOC

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.__main__ import Options
    from benchmarks.measure import Row

WORKS = ("busy", "threads")
CONNECTIONS = 64
SERVER = "recipes.tcp_echo.asyncio_streams"
SECONDS, QUICK_S = 2.0, 0.5
ATTACH_S = 20.0
THREADS = 1000
WALL, CPU = "µs a message", "µs of processor time"
UNOBSERVED, OURS = "unobserved", "compare.observe"
LOOKS = "looks a second"
SWITCHES = re.compile(r"^voluntary_ctxt_switches:\s*(\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Watch:
    """One way of looking on: from within (`detector`), or by a command that attaches to the process."""

    name: str
    kind: Kind
    detector: str = ""
    command: tuple[str, ...] = ()
    attached: bytes = b""
    install: str = ""


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


def measure(options: Options) -> list[Row]:
    """Measure the works that are asked for."""
    made: list[Row] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-")))
        observer = stack.enter_context(Observer())
        if options.wants("busy"):
            load = Load(folder, ())
            seconds = QUICK_S if options.quick else SECONDS
            cases = [
                Case(watch.name, watch.kind, partial(_served, watch, load, observer, seconds)) for watch in WATCHES
            ]
            seen = interleave(options.among(cases), options.rounds, options.chooser)
            title = f"busy asyncio echo, {CONNECTIONS} connections × 1 KiB, {os.cpu_count()} processors"
            goals = [Goal(OURS, WALL, "limit", 0.95)]
            made += rows(Work(title, {WALL: True, CPU: True}, UNOBSERVED, "", goals), seen)
        if options.wants("threads"):
            seen = interleave(
                [Case(OURS, "ours", partial(_looked_at, observer))], min(3, options.rounds), options.chooser
            )
            title = f"a program with {THREADS:,} threads"
            work = Work(title, {LOOKS: False, "% of a processor": False}, "", "", [Goal(OURS, LOOKS, "least", 100.0)])
            made += rows(work, seen)
    return made


def _served(watch: Watch, load: Load, observer: Observer, seconds: float) -> Figures:
    """One pass: a server, looked on, under load."""
    detectors.required(watch.detector)
    if watch.command and shutil.which(watch.command[0], path=_path()) is None:
        message = f"{watch.command[0]} is not installed: {watch.install}"
        raise UnavailableError(message)
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=socket.SOMAXCONN))
        port = int(listener.getsockname()[1])
        link = stack.enter_context(observer.link()) if watch.detector == "observe" else None
        module = f"{watch.detector}:{SERVER}" if watch.detector else SERVER
        command = [sys.executable, "-m", "benchmarks.server", module, "asyncio", str(listener.fileno())]
        server = subprocess.Popen(
            command,
            pass_fds=(listener.fileno(), *(link.fds if link else ())),
            env={**os.environ, **PINNED_MALLOC, **(link.env if link else {})},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # where the debug mode tells of each slow callback
        )
        stack.callback(_ended, server)
        load.run(port, server.pid, connections=1, busy=1, seconds=0.05)  # until it serves
        if link:
            observer.begin(server.pid, link, share=SHARE)
        stack.enter_context(_attached(watch, server.pid))
        told = load.run(port, server.pid, connections=CONNECTIONS, busy=CONNECTIONS, seconds=seconds)
        if link and observer.end().loop is None:
            message = "the observer saw no event loop in the server"
            raise WrongError(message)
    return {WALL: told["seconds"] / told["messages"] * 1e6, CPU: told["cpu"] / told["messages"] * 1e6}


def _path() -> str:
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def _ended(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


@contextmanager
def _attached(watch: Watch, pid: int) -> Iterator[None]:
    """A command that looks on from when it says that it does."""
    if not watch.command:
        yield
        return
    program = shutil.which(watch.command[0], path=_path())
    assert program is not None
    with tempfile.TemporaryFile() as words:
        looker = subprocess.Popen(
            [program, *watch.command[1:], str(pid)], stdin=subprocess.DEVNULL, stdout=words, stderr=words
        )
        try:
            _until_said(looker, words.fileno(), watch.attached)
            yield
        finally:
            looker.terminate()
            try:
                looker.wait(ATTACH_S)
            except subprocess.TimeoutExpired:
                _ended(looker)


def _until_said(looker: subprocess.Popen[bytes], descriptor: int, wanted: bytes) -> None:
    deadline = time.monotonic() + ATTACH_S
    while wanted not in (said := os.pread(descriptor, 4096, 0)):
        if looker.poll() is not None or time.monotonic() > deadline:
            last = said.decode(errors="replace").strip().splitlines()
            message = f"it does not attach here: {last[-1][:160] if last else 'without a word'}"
            raise UnavailableError(message)
        time.sleep(0.01)  # what it says is in a file, which can't be waited for


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
