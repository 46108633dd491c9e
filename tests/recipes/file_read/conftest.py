"""Every file recipe found on disk, on each of its backends, as one fixture: `reader`.

A test that asks for `reader` runs once for each; a recipe that is added is held to all of them without a line here.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import os
import struct
import termios
import time
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from compare import catalogue
from tests.recipes.variants import held_to_the_loop, once_for_each

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

VARIANTS = catalogue.variants("file")
FIRST = {variant.name: variant.backend for variant in reversed(VARIANTS)}
"""The first backend of each recipe."""
LIMIT_S = 20.0
"""How long anything here may wait for something that will come, in seconds."""
DELAY_S = 0.2
"""How long a FIFO's writer waits, in seconds, for what is not to happen before it has written."""
HOLD_THE_LOOP = {"asyncio_blocking_mistake"}
"""The recipes that are a mistake for this very reason."""


class Reader:
    """A recipe on a backend, to be called from a sync test."""

    def __init__(self, variant: catalogue.Variant, run: Callable[..., Any], stands: Callable[..., None]) -> None:
        self.name = variant.name
        self.backend = variant.backend
        self.path = variant.path
        self.module = importlib.import_module(variant.module)
        self.states, self.why = catalogue.states(variant)
        self.leaks = "aiofiles" in variant.name
        """Whether an `open` that is cancelled leaves its file to the garbage collector, as `asyncio_aiofiles` says."""
        self.first = variant.backend == FIRST[variant.name]
        """Whether this is the recipe's first backend: how much it can read is held there; the others read less."""
        self._run = run
        self._stands = stands

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        return self._run(self.backend, function, *args)

    def file(self, path: Path | str) -> bytes:
        content: bytes = self.run(self.module.read_file, path)
        assert type(content) is bytes
        return content

    def files(self, paths: Iterable[Path | str]) -> list[bytes]:
        contents: list[bytes] = self.run(self.module.read_files, paths)
        return contents

    def fails(self, path: Path | str) -> Exception:
        """The error that reading a file, and reading several of which it is one, both end with."""
        alone, among = self.error(self.file, path), self.error(self.files, [path, path])
        assert type(alone) is type(among)
        return alone

    def error(self, call: Callable[..., Any], *args: Any) -> Exception:
        with pytest.raises(Exception) as caught:  # noqa: PT011  the caller looks at it closely
            call(*args)
        return self.leaf(caught.value)

    @staticmethod
    def leaf(error: Exception) -> Exception:
        """The first error in a group of groups."""
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        return error

    def refuses(self, state: str, path: Path | str, fault: str) -> bool:
        """Whether this recipe is not meant for such a file; if so, it has been seen to say so, and it is noted."""
        if self.states is None or state in self.states:
            return False
        error = self.fails(path)
        assert isinstance(error, ValueError | OSError)
        self.stands(fault, f"cannot: {self.why}")
        return True

    @contextmanager
    def may_leak(self) -> Iterator[None]:
        """What is left to the garbage collector is collected here, without a warning where that is known."""
        with warnings.catch_warnings():
            if self.leaks:
                warnings.simplefilter("ignore", ResourceWarning)
            yield
            gc.collect()

    def patience(self, but: Collection[str] = HOLD_THE_LOOP) -> float:
        """How long to wait for its loop, in seconds: one that can't answer is not given long."""
        return DELAY_S if self.name in but else LIMIT_S

    def stands(self, fault: str, verdict: str = "passes") -> None:
        self._stands(f"file_read/{self.name}", self.backend, fault, verdict)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    once_for_each(metafunc, "reader", VARIANTS, held_to_the_loop)


@pytest.fixture
def reader(request: pytest.FixtureRequest, run: Callable[..., Any], stands: Callable[..., None]) -> Reader:
    variant: catalogue.Variant = request.param
    if variant.unavailable:
        pytest.skip(f"{variant.label} {variant.unavailable}")
    return Reader(variant, run, stands)


@pytest.fixture
def writer(fifo: Path) -> Callable[[], Any]:
    """Open the FIFO for writing as soon as a reader has opened it, as a context of its descriptor."""

    @contextmanager
    def opened() -> Iterator[int]:
        fd = _when_read(fifo)
        try:
            yield fd
        finally:
            os.close(fd)

    return opened


def _when_read(fifo: Path) -> int:
    deadline = time.monotonic() + LIMIT_S
    while True:
        try:
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:  # ENXIO: nobody reads yet, and the kernel has no other way to tell
            if time.monotonic() > deadline:
                message = f"nobody opened {fifo} for reading"
                raise TimeoutError(message) from error
        time.sleep(0.001)


@pytest.fixture
def drained() -> Callable[[int], None]:
    """Wait until the reader of a pipe has taken everything that was written into it."""

    def wait(fd: int) -> None:
        deadline = time.monotonic() + LIMIT_S
        while struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, b"\0" * 4))[0]:
            assert time.monotonic() < deadline, "nobody reads what was written"
            time.sleep(0.001)

    return wait
