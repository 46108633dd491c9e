"""One pass of what is looked on: a server under load, or a program that says itself how much it has done."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from benchmarks import detectors
from benchmarks.measure import Figures, Kind, UnavailableError, WrongError
from benchmarks.native import PATIENCE_S, told_by
from compare.scenarios.script.program import SHARE
from compare.scenarios.shared.job import PINNED_MALLOC

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.native import Load
    from compare.observe import Link, Observer

ATTACH_S = 20.0
WALL, CPU = "µs a message", "µs of processor time"
BRIEF_S = 0.05


@dataclass(frozen=True, slots=True)
class Watch:
    """One way of looking on: from within (`detector`), or by a command that attaches to the process."""

    name: str
    kind: Kind
    detector: str = ""
    command: tuple[str, ...] = ()
    attached: bytes = b""
    install: str = ""


class Clients(Protocol):
    """Who talks to a server."""

    def until_it_serves(self, port: int, pid: int) -> None:
        """Return when somebody has been answered."""

    def talk(self, port: int, pid: int) -> Mapping[str, Any]:
        """Load it; say how many `messages` it answered, in how many `seconds`, and in how many of its `cpu`."""


@dataclass(frozen=True, slots=True)
class Echo:
    """Clients of an echo."""

    load: Load
    connections: int
    seconds: float

    def until_it_serves(self, port: int, pid: int) -> None:
        """One is enough."""
        self.load.run(port, pid, connections=1, busy=1, seconds=BRIEF_S)

    def talk(self, port: int, pid: int) -> Mapping[str, Any]:
        """All at once."""
        return self.load.run(port, pid, connections=self.connections, busy=self.connections, seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Requests:
    """Clients that ask for the one file of a folder by HTTP."""

    program: Path
    folder: Path
    connections: int
    seconds: float

    def until_it_serves(self, port: int, pid: int) -> None:
        """One is enough."""
        self._run(port, pid, 1, 0.0, 1)

    def talk(self, port: int, pid: int) -> Mapping[str, Any]:
        """All at once."""
        told = self._run(port, pid, self.connections, self.seconds, 0)
        return {**told, "messages": told["requests"]}

    def _run(self, port: int, pid: int, connections: int, seconds: float, requests: int) -> dict[str, Any]:
        command = [self.program, port, self.folder, 1, connections, seconds, requests, pid]
        told = told_by([*map(str, command)], PATIENCE_S, f"not done within {PATIENCE_S:.0f} s")
        if not told["requests"]:
            message = "not one request was answered in time"
            raise UnavailableError(message)
        return told


@dataclass(frozen=True, slots=True)
class Server:
    """A server of `benchmarks.server`, and who talks to it."""

    module: str
    clients: Clients
    env: Mapping[str, str] = field(default_factory=dict)


def served(server: Server, watch: Watch, observer: Observer) -> Figures:
    """One pass: a server, looked on, under load."""
    detectors.required(watch.detector)
    if watch.command and shutil.which(watch.command[0], path=_path()) is None:
        message = f"{watch.command[0]} is not installed: {watch.install}"
        raise UnavailableError(message)
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=socket.SOMAXCONN))
        port = int(listener.getsockname()[1])
        link = stack.enter_context(observer.link()) if watch.detector == "observe" else None
        module = f"{watch.detector}:{server.module}" if watch.detector else server.module
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.server", module, "asyncio", str(listener.fileno())],
            pass_fds=(listener.fileno(), *(link.fds if link else ())),
            env={**_environment(link), **server.env},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # where the debug mode tells of each slow callback
        )
        stack.callback(_ended, process)
        server.clients.until_it_serves(port, process.pid)
        if link:
            observer.begin(process.pid, link, share=SHARE)
        stack.enter_context(_attached(watch, process.pid))
        told = server.clients.talk(port, process.pid)
        if link:
            _check(observer)
    return _figures(told)


def worked(arguments: tuple[str, ...], watch: Watch, observer: Observer) -> Figures:
    """One pass: a program of ours that says that it is ready, begins when it gets a line, and says what it has done."""
    with ExitStack() as stack:
        link = stack.enter_context(observer.link()) if watch.detector == "observe" else None
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            pass_fds=link.fds if link else (), env=_environment(link), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        stack.callback(_ended, process)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        if link:
            observer.begin(process.pid, link, share=SHARE)
        said, _ = process.communicate(b"\n", timeout=PATIENCE_S)
        if link:
            _check(observer)
        if process.returncode:
            message = f"it ended with status {process.returncode}"
            raise WrongError(message)
        return _figures(json.loads(said))


def _check(observer: Observer) -> None:
    if observer.end().loop is None:
        message = "the observer saw no event loop in it"
        raise WrongError(message)


def _environment(link: Link | None) -> dict[str, str]:
    return {**os.environ, **PINNED_MALLOC, **(link.env if link else {})}


def _figures(told: Mapping[str, Any]) -> Figures:
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
