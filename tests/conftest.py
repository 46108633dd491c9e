"""What every test here is held to: a backend where it wants one, and nothing left behind.

The checks are autouse fixtures, so a new test is held to them without asking. What counts as left behind: a thread,
a descriptor, an asyncio task, a child process (a zombie too), and any log record at ERROR. The last one matters
because the standard library only logs an exception in a done callback, and asyncio one in a task nobody awaits.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
import time
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import psutil
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

AnyioBackend = tuple[str, dict[str, Any]]

BACKENDS: dict[str, AnyioBackend] = {
    "asyncio": ("asyncio", {"use_uvloop": False}),
    "asyncio+uvloop": ("asyncio", {"use_uvloop": True}),
    "trio": ("trio", {}),
}
"""The project's names of the backends, in anyio's words."""

GRACE_S = 5.0
"""How long a thread that was told to end may take to do so, in seconds."""


def pytest_configure() -> None:
    """Heed the signals that `&` or `nohup` may have set to be ignored: programs that the tests start inherit that."""
    for signum in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(signum) is signal.SIG_IGN:
            signal.signal(signum, signal.default_int_handler if signum == signal.SIGINT else signal.SIG_DFL)


# How long an example takes is the machine's matter.
settings.register_profile("any machine", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@given(st.none())
@settings(max_examples=1, database=None)
def _an_example(_: None) -> None:
    """Have hypothesis make what it makes at its first example."""


def pytest_collection_finish() -> None:
    """Take what has been imported by now out of the garbage collector's sight: each test collects once.

    Hypothesis asks the collector who holds its generator of random numbers; from Python 3.14 on, that must be in sight.
    """
    _an_example()
    _out_of_sight()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Take what a module's tests imported and keep out of the collector's sight too, when the last has ended."""
    yield
    if nextitem is not None and nextitem.path != item.path:
        _out_of_sight()


def _out_of_sight() -> None:
    gc.collect()
    gc.freeze()


@pytest.fixture(params=[pytest.param(value, id=name) for name, value in BACKENDS.items()])
def anyio_backend(request: pytest.FixtureRequest) -> AnyioBackend:
    """Runs an `async def` test marked `anyio` once on each backend; `parametrize` it to choose some."""
    backend: AnyioBackend = request.param
    return backend


@pytest.fixture
def run() -> Callable[..., Any]:
    """Call a function of a recipe from a sync test: `run("trio", function, *args)`, with `None` for a plain call."""

    def call(backend: str | None, function: Callable[..., Any], *args: Any) -> Any:
        if backend is None:
            return function(*args)
        name, options = BACKENDS[backend]
        returned: list[Any] = []  # not by `run`: CPython 3.11's asyncio makes a `repr` of what that returns
        anyio.run(_alone, function, args, returned, backend=name, backend_options=options)
        return returned.pop()

    return call


async def _alone(function: Callable[..., Any], args: tuple[Any, ...], returned: list[Any]) -> None:
    before = _tasks()
    try:
        returned.append(await function(*args))
    finally:
        await _ended(_tasks() - before)


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(autouse=True)
def error_records() -> Iterator[list[logging.LogRecord]]:
    """Fails a test that logged an error; one that means to looks at the list, and clears it."""
    handler = _Errors()
    logging.getLogger().addHandler(handler)
    try:
        yield handler.records  # `nothing_left` has collected by then
    finally:
        logging.getLogger().removeHandler(handler)
    if handler.records:
        told = "\n".join(logging.Formatter("%(name)s: %(message)s").format(record) for record in handler.records)
        pytest.fail(f"logged as errors:\n{told}", pytrace=False)


@pytest.fixture(autouse=True)
def nothing_left(error_records: list[logging.LogRecord]) -> Iterator[None]:  # noqa: ARG001  errors are told last
    """Fails a test that left a thread, a child process or a descriptor."""
    # A worker that trio has cached may do this test's work too, and is waited for then as any other.
    threads, children, descriptors = set(threading.enumerate()) - _cached_by_trio(), _children(), _descriptors()
    yield
    gc.collect()  # asyncio reports a lost exception only when its task or future dies
    left = [f"thread {thread.name}" for thread in _still_alive(threads)]
    left += [f"process {_told(pid)}" for pid in _children() - children]
    left += [f"descriptor {number} -> {target}" for number, target in _still_open(descriptors)]
    if left:
        pytest.fail("left behind: " + "; ".join(left), pytrace=False)


@pytest.fixture(autouse=True)
def no_task_left(request: pytest.FixtureRequest, nothing_left: None) -> None:  # noqa: ARG001  looks before the loop ends
    """Fails an async test that left an asyncio task: the loop would cancel it at its end without a word."""
    if "anyio_backend" in request.fixturenames:
        request.getfixturevalue("_tasks_end")


@pytest.fixture
async def _tasks_end() -> AsyncIterator[None]:
    before = _tasks()
    yield
    await _ended(_tasks() - before)


def _tasks() -> set[asyncio.Task[Any]]:
    try:
        return asyncio.all_tasks()
    except RuntimeError:  # trio: no task outlives its nursery
        return set()


async def _ended(tasks: set[asyncio.Task[Any]]) -> None:
    if tasks:
        _, pending = await asyncio.wait(tasks, timeout=GRACE_S)
        assert not pending, f"tasks left behind: {pending}"


def _still_alive(before: set[threading.Thread]) -> list[threading.Thread]:
    deadline = time.monotonic() + GRACE_S
    new = [thread for thread in threading.enumerate() if thread not in before and thread not in _cached_by_trio()]
    for thread in new:
        while _lives(thread) and time.monotonic() < deadline:
            time.sleep(0.001)
    return [thread for thread in new if _lives(thread)]


def _lives(thread: threading.Thread) -> bool:
    """One that `threading` did not start, and only met, is alive for it for ever."""
    met = isinstance(thread, threading._DummyThread)
    return (
        thread.is_alive()
        and not (met and thread.ident not in sys._current_frames())
        and thread not in _cached_by_trio()
    )


def _cached_by_trio() -> set[threading.Thread]:
    """Trio keeps idle workers for ten seconds for whoever is next: those are nobody's leak, a busy one is."""
    cache = trio._core._thread_cache.THREAD_CACHE  # there is no public door to it
    return {worker._thread for worker in list(cache._idle_workers)}


def _children() -> set[int]:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:  # most tests have none: said by one call
        return set()
    # One helper of multiprocessing's outlives every pool, until this process ends.
    return _listed_children() - {getattr(resource_tracker._resource_tracker, "_pid", None)}


def _listed_children() -> set[int]:
    try:
        lists = [task.joinpath("children").read_text() for task in Path("/proc/self/task").iterdir()]
    except (FileNotFoundError, ProcessLookupError):  # a thread has just ended, or Linux was built without these lists
        return {child.pid for child in psutil.Process().children()}
    return {int(pid) for pids in lists for pid in pids.split()}


def _told(pid: int) -> str:
    try:
        return str(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return f"{pid}, which has ended since"


def _still_open(before: set[tuple[int, str]]) -> set[tuple[int, str]]:
    """The collector closes a ring of io_uring with its loop; later, when a thread holds that just now, or collects."""
    deadline = time.monotonic() + GRACE_S
    while (new := _descriptors() - before) and time.monotonic() < deadline:
        time.sleep(0.001)
        gc.collect()
    return new


def _descriptors() -> set[tuple[int, str]]:
    tracker = getattr(resource_tracker._resource_tracker, "_fd", None)
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = os.readlink(entry)  # noqa: PTH115  `Path.readlink` would make a path of "pipe:[42]"
        except FileNotFoundError:  # the directory's own descriptor
            continue
        if int(entry.name) != tracker:
            found.add((int(entry.name), target))
    return found
