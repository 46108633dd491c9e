"""The process in which exactly one variant runs: `python -m compare.child COMMANDS MESSAGES`.

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
import inspect
import json
import os
import resource
import signal
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import ModuleType

REFUSED = (errno.ENOSYS, errno.EPERM, errno.EOPNOTSUPP)
"""What a kernel says that does not offer a thing, or forbids it: no fault of the variant's."""

ANYIO: dict[str, tuple[str, dict[str, Any]]] = {
    "asyncio": ("asyncio", {"use_uvloop": False}),
    "asyncio+uvloop": ("asyncio", {"use_uvloop": True}),
    "trio": ("trio", {}),
}


class Line:
    """The two pipes to the parent."""

    def __init__(self, commands: int, messages: int) -> None:
        """Take the two descriptors; neither is passed on to what the variant executes."""
        self.descriptor = commands
        self._messages = messages
        self._buffer = b""
        for descriptor in (commands, messages):
            os.set_inheritable(descriptor, False)  # noqa: FBT003  its only form

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Commands, until the parent closes its end."""
        while True:
            while b"\n" not in self._buffer:
                data = os.read(self.descriptor, 65536)
                if not data:
                    return
                self._buffer += data
            line, _, self._buffer = self._buffer.partition(b"\n")
            yield json.loads(line)

    def send(self, **message: Any) -> None:
        """Send one message; the parent reads all the time."""
        data = json.dumps(message).encode() + b"\n"
        while data:
            data = data[os.write(self._messages, data) :]


class Variant:
    """The function, and how it is called on its backend."""

    def __init__(self, job: dict[str, Any]) -> None:
        """Import the function and its event loop, so that no pass pays for that."""
        self.function: Callable[..., Any] = getattr(_module(job), job["function"])
        self.backend: str | None = job["backend"]
        if self.backend is None and inspect.iscoroutinefunction(self.function):
            self.backend = "asyncio"
        if self.backend is not None:
            self.run(_nothing)

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call an async function in an event loop of its own."""
        import anyio  # noqa: PLC0415  a variant without an event loop is measured without it

        name, options = ANYIO[self.backend or "asyncio"]
        return anyio.run(function, *arguments, backend=name, backend_options=options)


async def _nothing() -> None:
    pass


def _module(job: dict[str, Any]) -> ModuleType:
    if job["path"] is None:
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
    commands = iter(line)
    job = next(commands)
    if job["observed"]:
        from compare.observe import agent  # noqa: PLC0415  unobserved passes are without it

        agent.install()
    _limit(job)
    try:
        variant = Variant(job)
    except BaseException as error:  # noqa: BLE001  whatever the variant's import raises is an answer
        line.send(**_failure(error))
        return
    line.send(ready=True)
    for command in commands:
        if "read" in command:
            line.send(**_guarded(_read, variant, command["read"]))
        elif "serve" in command:
            line.send(**_guarded(_serve, variant, command["serve"], line))


def _limit(job: dict[str, Any]) -> None:
    """Die with the parent, stay on the given processors, and take no more memory than allowed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG, prctl(2)
    if job["cpus"]:
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


def _read(variant: Variant, work: dict[str, Any]) -> dict[str, Any]:
    """One pass over the files: `warm_up` first reads them once unmeasured, in the same event loop."""
    paths: list[str] = work["paths"]
    clock = time.perf_counter
    measured: dict[str, Any] = {}

    def note(began: float, before: tuple[float, float]) -> None:
        measured["seconds"] = clock() - began
        user, system = _usage()
        measured.update(user=user - before[0], system=system - before[1], rss_mib=_peak_mib(), threads=_threads())

    def plain() -> Any:
        if work["warm_up"]:
            variant.function(paths)
        measured["start"] = time.monotonic()
        before, began = _usage(), clock()
        answer = variant.function(paths)
        note(began, before)
        return answer

    async def in_loop() -> Any:
        if work["warm_up"]:
            await variant.function(paths)
        measured["start"] = time.monotonic()
        before, began = _usage(), clock()
        answer = await variant.function(paths)
        note(began, before)
        return answer

    answer = plain() if variant.backend is None else variant.run(in_loop)
    complaint = _wrong(answer, work["digests"])
    return {"outcome": "wrong" if complaint else "ok", "reason": complaint, **measured}


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
    listener = socket.socket(fileno=work["listener"])
    listener.set_inheritable(False)
    if variant.backend is None:
        line.send(serving=True)
        variant.function(listener)
    else:
        variant.run(_serve_until_told, variant.function, listener, line)
    user, system = _usage()
    return {"outcome": "ok", "reason": None, "user": user, "system": system, "rss_mib": _peak_mib()}


async def _serve_until_told(function: Callable[..., Any], listener: socket.socket, line: Line) -> None:
    import anyio  # noqa: PLC0415  imported already by whoever runs this

    async def cancel() -> None:
        await anyio.wait_readable(line.descriptor)
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(cancel)
        line.send(serving=True)
        await function(listener)
        group.cancel_scope.cancel()


if __name__ == "__main__":
    main(sys.argv[1:])
