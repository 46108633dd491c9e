"""The process in which exactly one variant runs: `async_io_cookbook.process.child COMMANDS MESSAGES`.

It hears and answers on the two descriptors whose numbers are its arguments, in lines of JSON; its standard output and
error are the variant's to flood. First comes the job (which function, on which backend, within which limits); it
answers `{"ready": true}` when everything is imported. Then for each `{"read": …}` it makes one pass over the files, and
for `{"serve": …}` it serves until `{"stop": true}`. When the line is closed it ends.

The bytes that a variant read are compared here, outside the timed window: they never travel.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import importlib
import importlib.util
import json
import os
import resource
import signal
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from . import launch, loops

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

CLOSED = 75
"""The exit status when the variant has closed the line."""

FEW = 8
"""How many files are read to warm up."""

REFUSED = (errno.ENOSYS, errno.EPERM, errno.EOPNOTSUPP)
"""What a kernel says that does not offer a thing, or forbids it: no fault of the variant's."""


class Line:
    """The two pipes to the parent."""

    def __init__(self, commands: int, messages: int) -> None:
        """Take the two descriptors; neither is passed on to what the variant executes."""
        self.descriptor = commands
        self._messages = messages
        self._buffer = b""
        for descriptor in (commands, messages):
            os.set_inheritable(descriptor, False)  # noqa: FBT003  its only form

    def receive(self) -> dict[str, Any] | None:
        """Wait for the next command; `None` when the parent has closed its end."""
        while b"\n" not in self._buffer:
            try:
                data = os.read(self.descriptor, 65536)
            except OSError:
                os._exit(CLOSED)
            if not data:
                return None
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        command: dict[str, Any] = json.loads(line)
        return command

    async def receive_in_loop(self, backend: str) -> None:
        """Wait for a command in the loop's own poller, so that the wait is nothing to be seen."""
        await loops.readable(backend, self.descriptor)
        os.set_blocking(self.descriptor, True)  # uvloop changed that
        self.receive()

    def send(self, **message: Any) -> None:
        """Send one message; the parent reads all the time."""
        data = json.dumps(message).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self._messages, data) :]
        except OSError:  # the variant has closed it: how this process ends is all that can still be told
            os._exit(CLOSED)


class Variant:
    """The function, and how it is called on its backend."""

    def __init__(self, job: dict[str, Any]) -> None:
        """Import the function and its event loop, so that no pass pays for that."""
        self.function: Callable[..., Any] = getattr(_module(job), job["function"])
        self.backend: str | None = job["backend"]
        if self.backend is None:
            import inspect  # noqa: PLC0415  an event loop's child starts sooner without it

            if inspect.iscoroutinefunction(self.function):
                self.backend = "asyncio"
        if self.backend is not None:
            self.run(_nothing)

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call an async function in an event loop of its own."""
        assert self.backend is not None
        return loops.run(self.backend, function, *arguments)


async def _nothing() -> None:
    pass


def _module(job: dict[str, Any]) -> ModuleType:
    if job["path"] is None:
        sys.path.insert(0, launch.ROOT)  # a pool's processes are given it too: to them `recipes` must be ours
        return importlib.import_module(job["module"])
    # As if the file were run as a program: what lies beside it can be imported.
    sys.path.insert(0, os.path.dirname(job["path"]))  # noqa: PTH120  pathlib would be imported for nothing else
    name = job["module"] if job["module"] not in sys.modules else f"_{job['module']}"
    spec = importlib.util.spec_from_file_location(name, job["path"])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def main(arguments: Sequence[str]) -> None:
    """Serve one parent."""
    line = Line(*map(int, arguments))
    job = line.receive()
    assert job is not None
    if job["observed"]:
        from ..observe.agent import notes as agent  # noqa: PLC0415  unobserved passes are without it

        agent.install()
    _limit(job)
    try:
        variant = Variant(job)
    except BaseException as error:  # noqa: BLE001  whatever the variant's import raises is an answer
        line.send(**_failure(error))
        return
    line.send(ready=True)
    while (command := line.receive()) is not None:
        if "read" in command:
            line.send(**_guarded(_read, variant, command["read"], line))
        elif "serve" in command:
            line.send(**_guarded(_serve, variant, command["serve"], line))


def _limit(job: dict[str, Any]) -> None:
    """Die with the parent, stay on the given processors, and take no more memory than allowed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG, prctl(2)
    if job["cpus"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, job["cpus"])
    if job["memory"]:
        # Data, not address space: what is merely reserved costs nothing. A thread's stack counts in full.
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        soft = job["memory"] if hard == resource.RLIM_INFINITY else min(job["memory"], hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _guarded(step: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    try:
        return step(*arguments)
    except BaseException as error:  # noqa: BLE001  whatever a variant raises, SystemExit too, is an answer
        return _failure(error)


def _failure(error: BaseException) -> dict[str, Any]:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    said = " ".join(str(error).split())
    if isinstance(error, MemoryError):
        soft, _ = resource.getrlimit(resource.RLIMIT_DATA)
        said = f"more than the {soft / 2**30:.1f} GiB that it may have"
    reason = f"{type(error).__name__}: {said}" if said else type(error).__name__
    refused = isinstance(error, OSError) and error.errno in REFUSED
    return {"outcome": "failed", "reason": reason[:300], "refused": refused}


def _usage() -> tuple[float, float]:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + children.ru_utime, own.ru_stime + children.ru_stime


def _peak_mib() -> float:
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _threads() -> int:
    try:
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208
    except OSError:
        return threading.active_count()


def _read(variant: Variant, work: dict[str, Any], line: Line) -> dict[str, Any]:
    """One pass over the files.

    `warm_up` first reads a few unmeasured, in the same event loop. `gates` stops before and after the pass, until
    the parent says go on: what is observed is the pass, and nothing else of this process.
    """
    paths: list[str] = work["paths"]
    measured: dict[str, Any] = {}
    if variant.backend is None:
        answer = _plain_pass(variant, paths, work, line, measured)
    else:
        answer = variant.run(_pass_in_loop, variant, paths, work, line, measured)
    complaint = _wrong(answer, work["digests"])
    return {"outcome": "wrong" if complaint else "ok", "reason": complaint, **measured}


def _plain_pass(variant: Variant, paths: list[str], work: dict[str, Any], line: Line, measured: dict[str, Any]) -> Any:
    if work["warm_up"]:
        variant.function(paths[:FEW])
    if work["gates"]:
        line.send(poised=True)
        line.receive()
    started = _Started()
    answer = variant.function(paths)
    measured |= started.until_now()
    if work["gates"]:
        line.send(passed=True)
        line.receive()
    return answer


async def _pass_in_loop(
    variant: Variant, paths: list[str], work: dict[str, Any], line: Line, measured: dict[str, Any]
) -> Any:
    assert variant.backend is not None
    if work["warm_up"]:
        await variant.function(paths[:FEW])
    if work["gates"]:
        line.send(poised=True)
        await line.receive_in_loop(variant.backend)
    started = _Started()
    answer = await variant.function(paths)
    measured |= started.until_now()
    if work["gates"]:
        line.send(passed=True)
        await line.receive_in_loop(variant.backend)
    return answer


class _Started:
    """The moment at which a pass began."""

    def __init__(self) -> None:
        self._moment = time.monotonic()
        self._usage = _usage()
        self._began = time.perf_counter()

    def until_now(self) -> dict[str, Any]:
        """What the pass took."""
        seconds = time.perf_counter() - self._began
        user, system = _usage()
        return {
            "start": self._moment,
            "seconds": seconds,
            "user": user - self._usage[0],
            "system": system - self._usage[1],
            "rss_mib": _peak_mib(),
            "threads": _threads(),
        }


def _wrong(answer: Any, digests: list[tuple[int, str]]) -> str | None:
    """What is wrong with the bytes that came, or `None`; `digests` are the lengths and digests of the right ones."""
    contract = "expected list[bytes], one for each path, in the order of the paths"
    if not isinstance(answer, list | tuple):
        return f"returned {type(answer).__name__}: {contract}"
    if len(answer) != len(digests):
        return f"returned {len(answer)} results for {len(digests)} paths: {contract}"
    for index, (data, (length, expected)) in enumerate(zip(answer, digests, strict=True)):
        if not isinstance(data, bytes | bytearray | memoryview):
            return f"result {index} is {type(data).__name__}: {contract}"
        if len(data) != length:
            return f"result {index} has {len(data)} bytes, the file {length}"
        if digest(data) != expected:
            return f"result {index} has the right length, and wrong bytes"
    return None


def digest(data: bytes | bytearray | memoryview) -> str:
    """What is compared instead of the bytes themselves."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _serve(variant: Variant, work: dict[str, Any], line: Line) -> dict[str, Any]:
    """Serve until told to stop: the parent shuts the listener down, and sends a line that cancels an async one."""
    if work["cpus"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, work["cpus"])
    listener = socket.socket(fileno=work["listener"])
    listener.set_inheritable(False)
    if variant.backend is None:
        line.send(serving=True)
        variant.function(listener)
    else:
        variant.run(_serve_until_told, variant, listener, line)
    user, system = _usage()
    return {"outcome": "ok", "reason": None, "user": user, "system": system, "rss_mib": _peak_mib()}


async def _serve_until_told(variant: Variant, listener: socket.socket, line: Line) -> None:
    assert variant.backend is not None
    line.send(serving=True)
    await loops.until_readable(variant.backend, line.descriptor, variant.function, listener)


if __name__ == "__main__":
    main(sys.argv[1:])
