"""Every recipe for child processes found on disk, on each of its backends, as one fixture: `runner`.

A test that asks for `runner` runs once for each; a recipe that is added is held to all of them without a line here.
The children are shells: they start in a millisecond, where a Python takes twenty.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import anyio
import psutil
import pytest

from compare import catalogue
from tests.recipes.variants import once_for_each

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

VARIANTS = catalogue.variants("pipes")
LIMIT_S = 20.0
"""How long anything here may wait for something that will come, in seconds."""

Answer = tuple[int, bytes, bytes]


class Runner:
    """A recipe on a backend, to be called from a sync test."""

    def __init__(self, variant: catalogue.Variant, run: Callable[..., Any], stands: Callable[..., None]) -> None:
        self.name = variant.name
        self.backend = variant.backend
        self.module = importlib.import_module(variant.module)
        self._run = run
        self._stands = stands

    def call(self, function: Callable[..., Any], *args: Any) -> Any:
        if self.name.startswith("anyio"):
            return self._run(self.backend, _until_pipes_are_closed, function, *args)
        return self._run(self.backend, function, *args)

    def run(self, *arguments: Any) -> Answer:
        answer: Answer = self.call(self.module.run, *arguments)
        assert list(map(type, answer)) == [int, bytes, bytes]
        return answer

    def sh(self, script: str, data: bytes = b"", timeout: float | None = None) -> Answer:
        """Run a shell script."""
        return self.run(["sh", "-c", script], data, timeout)

    def lines(self, script: str, most: int | None = None) -> list[bytes]:
        """The lines of a shell script, or the first few of them."""
        return [line for line, _ in self.lines_with(script, most, lambda: None)]

    def lines_with(self, script: str, most: int | None, after_each: Callable[[], Any]) -> list[tuple[bytes, Any]]:
        """Each line, and what `after_each` returned when it had come."""
        arguments = ["sh", "-c", script]
        if self.backend is None:
            with contextlib.closing(self.module.lines(arguments)) as lines:
                return list(_some(lines, most, after_each))

        async def collect() -> list[tuple[bytes, Any]]:
            found: list[tuple[bytes, Any]] = []
            async with contextlib.aclosing(self.module.lines(arguments)) as lines:
                async for line in lines:
                    found.append((line, after_each()))
                    if len(found) == most:
                        break
            return found

        collected: list[tuple[bytes, Any]] = self.call(collect)
        return collected

    @contextlib.asynccontextmanager
    async def cancelled(self, function: Callable[..., Any], *args: Any) -> AsyncIterator[None]:
        """Call a function beside what is done here; cancel it then, in the words of the recipe's own library."""
        if self.name.startswith("asyncio"):
            task = asyncio.ensure_future(function(*args))
            yield
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        else:
            async with anyio.create_task_group() as group:
                group.start_soon(function, *args)
                yield
                group.cancel_scope.cancel()

    def stands(self, fault: str, verdict: str = "passes") -> None:
        self._stands(f"child_pipes/{self.name}", self.backend, fault, verdict)


async def _until_pipes_are_closed(function: Callable[..., Any], *args: Any) -> Any:
    """As anyio has no word for it, a pipe with data that nobody will read is closed by the loop a moment after."""
    before = _pipes()
    try:
        return await function(*args)
    finally:
        with anyio.move_on_after(LIMIT_S, shield=True):
            while _pipes() - before:  # noqa: ASYNC110  the loop closes them
                await anyio.sleep(0.002)


def _pipes() -> set[tuple[str, str]]:
    found = set()
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        with contextlib.suppress(FileNotFoundError):
            target = os.readlink(f"/proc/self/fd/{name}")  # noqa: PTH115
            if target.startswith(("pipe:", "socket:")):
                found.add((name, target))
    return found


def _some(lines: Iterator[bytes], most: int | None, after_each: Callable[[], Any]) -> Iterator[tuple[bytes, Any]]:
    for count, line in enumerate(lines, start=1):
        yield line, after_each()
        if count == most:
            break


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    once_for_each(metafunc, "runner", VARIANTS)


@pytest.fixture
def runner(request: pytest.FixtureRequest, run: Callable[..., Any], stands: Callable[..., None]) -> Runner:
    variant: catalogue.Variant = request.param
    if variant.unavailable:
        pytest.skip(f"{variant.label} {variant.unavailable}")
    return Runner(variant, run, stands)


class Noted:
    """A process whose script wrote its number into a file: `echo $! > "$PID_FILE"`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def is_there(self) -> bool:
        """Whether the script has noted it."""
        return self.path.exists() and self.path.read_text().endswith("\n")

    async def comes(self) -> None:
        """Wait for it in a loop."""
        with anyio.fail_after(LIMIT_S):
            while not self.is_there():  # noqa: ASYNC110  a process writes the file
                await anyio.sleep(0.002)

    @property
    def pid(self) -> int:
        """Its number, as soon as it has one."""
        deadline = time.monotonic() + LIMIT_S
        while not self.is_there():
            assert time.monotonic() < deadline, "the script never noted its process"
            time.sleep(0.002)
        return int(self.path.read_text())

    def runs(self) -> bool:
        """Whether it goes on now."""
        return psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE

    def end(self) -> None:
        """Kill it, wherever it has gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def has_ended(self) -> bool:
        """Whether it ends; an orphan that nobody reaps has ended, too."""
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            try:
                if psutil.Process(self.pid).status() == psutil.STATUS_ZOMBIE:
                    return True
            except psutil.NoSuchProcess:
                return True
            time.sleep(0.002)
        return False


@pytest.fixture
def noted(tmp_path: Path) -> Iterator[Noted]:
    """A process to be looked after by the test; ended at the end, whatever happened."""
    process = Noted(tmp_path / "pid")
    yield process
    if process.is_there():
        process.end()


_OTHERS: set[int] = set()
"""Children of this process that no test here has started: a browser's driver, a server that forks."""


@pytest.fixture(autouse=True)
def _others() -> None:
    """Note, before a test, whose children are there already."""
    _OTHERS.clear()
    _OTHERS.update(child.pid for child in psutil.Process().children())


def children() -> list[psutil.Process]:
    """Children that came since the test began, those that have ended and were not waited for too."""
    return [child for child in psutil.Process().children() if child.pid not in _OTHERS]
