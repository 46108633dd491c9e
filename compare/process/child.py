"""The process in which exactly one variant runs; a scenario's own module is started, and calls `main` here.

It hears and answers on the two descriptors whose numbers are its arguments, in lines of JSON; its standard output and
error are the variant's to flood. First comes the job (which function, on which backend, within which limits); it
answers `{"ready": true}` when everything is imported. Then each command, `{NAME: what it needs}`, is answered by the
scenario's step of that name; `{"agent": MODULE}` lets in what observes. When the line is closed it ends.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import importlib.util
import json
import os
import signal
import sys
from types import FunctionType
from typing import TYPE_CHECKING, Any

from . import launch, loops, wires
from .usage import limit_memory, memory_limit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    Step = Callable[["Variant", Any, "Line"], dict[str, Any]]

CO_COROUTINE = 0x80
"""`inspect`'s: the code of an `async def`."""

CLOSED = 75
"""The exit status when the variant has closed the line."""

REFUSED = (errno.ENOSYS, errno.EPERM, errno.EOPNOTSUPP)
"""What a kernel says that does not offer a thing, or forbids it: no fault of the variant's."""


class Line:
    """The line to the parent."""

    def __init__(self, first: str, second: str) -> None:
        """Take what the host has told in two arguments."""
        self._wire = wires.end(first, second)
        self.descriptor = self._wire.descriptor
        self._buffer = b""

    def receive(self) -> dict[str, Any] | None:
        """Wait for the next command; `None` when the parent has closed its end."""
        while b"\n" not in self._buffer:
            try:
                data = self._wire.read()
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
        if sys.platform != "win32" and backend == "asyncio+uvloop":
            os.set_blocking(self.descriptor, True)  # it changed that
        self.receive()

    def send(self, **message: Any) -> None:
        """Send one message; the parent reads all the time."""
        data = json.dumps(message).encode() + b"\n"
        try:
            self._wire.write(data)
        except OSError:  # the variant has closed it: how this process ends is all that can still be told
            os._exit(CLOSED)


class Variant:
    """The function, and how it is called on its backend."""

    def __init__(self, job: dict[str, Any]) -> None:
        """Import the function and its event loop, so that no pass pays for that."""
        self.function: Callable[..., Any] = getattr(_module(job), job["function"])
        self.backend: str | None = job["backend"]
        if self.backend is None and _is_async(self.function):
            self.backend = "asyncio"
        if self.backend is not None:
            self.run(_nothing)

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call an async function in an event loop of its own."""
        assert self.backend is not None
        return loops.run(self.backend, function, *arguments)


async def _nothing() -> None:
    pass


def _is_async(function: Callable[..., Any]) -> bool:
    """As `inspect` says, whose import takes a quarter of a child's start: a plain function is asked itself.

    One that was marked (`inspect.markcoroutinefunction`) is so by who has imported it.
    """
    if isinstance(function, FunctionType) and "inspect" not in sys.modules:
        return bool(function.__code__.co_flags & CO_COROUTINE)
    import inspect  # noqa: PLC0415

    return inspect.iscoroutinefunction(function)


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


def main(arguments: Sequence[str], steps: Mapping[str, Step]) -> None:
    """Serve one parent; `steps` answer its commands by name, with what was measured."""
    line = Line(*arguments)
    job = line.receive()
    assert job is not None
    _be_nobodys()
    if job["agent"]:  # unobserved passes are without it; this room does not know what observes
        importlib.import_module(job["agent"]).install()
    _limit(job)
    try:
        variant = Variant(job)
    except BaseException as error:  # noqa: BLE001  whatever the variant's import raises is an answer
        line.send(**_failure(error))
        return
    line.send(ready=True)
    steps = {"agent": _let_in, **steps}
    while (command := line.receive()) is not None:
        for name, needed in command.items():
            if name in steps:
                line.send(**_guarded(steps[name], variant, needed, line))


def _be_nobodys() -> None:
    """Have `multiprocessing` import nothing of ours into what the variant spawns: it would a program's first module."""
    program = sys.modules["__main__"]
    program.__spec__, program.__file__ = None, None


def _let_in(_variant: Variant, module: str, _line: Line) -> dict[str, Any]:
    """What observes comes in after the passes that nothing observes, into the process that made them."""
    importlib.import_module(module).install_late()
    return {"outcome": "ok"}


def _limit(job: dict[str, Any]) -> None:
    """Die with the parent, stay on the given processors, and take no more memory than allowed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG, prctl(2)
    if job["cpus"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, job["cpus"])
    if job["memory"]:
        limit_memory(job["memory"])


def _guarded(step: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    try:
        return step(*arguments)
    except BaseException as error:  # noqa: BLE001  whatever a variant raises, SystemExit too, is an answer
        return _failure(error)


def _failure(error: BaseException) -> dict[str, Any]:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    said = " ".join(str(error).split())
    if isinstance(error, MemoryError) and (limit := memory_limit()) is not None:
        said = f"more than the {limit / 2**30:.1f} GiB that it may have"
    reason = f"{type(error).__name__}: {said}" if said else type(error).__name__
    refused = isinstance(error, OSError) and error.errno in REFUSED
    return {"outcome": "failed", "reason": reason[:300], "refused": refused}
