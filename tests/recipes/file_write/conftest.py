"""Every writer found on disk, on each of its backends, as one fixture: `writer`.

A test that asks for `writer` runs once for each; a recipe that is added is held to all of them without a line here.
"""

from __future__ import annotations

import importlib
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import anyio.lowlevel
import pytest

from compare import catalogue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator
    from pathlib import Path

VARIANTS = catalogue.variants("write")
LIMIT_S = 20.0
"""How long anything here may wait for something that will come, in seconds."""
OLD = b"what was there before\n" * 1000


class Writer:
    """A recipe on a backend, to be called from a sync test."""

    def __init__(self, variant: catalogue.Variant, run: Callable[..., Any], stands: Callable[..., None]) -> None:
        self.name = variant.name
        self.backend = variant.backend
        self.path = variant.path
        self.module = importlib.import_module(variant.module)
        self.run = run
        self._stands = stands

    def write(self, path: Path | str, chunks: Iterable[bytes], *, durable: bool = False) -> int:
        """What the recipe returns, given the chunks in the way that it takes them."""
        count: int = self.run(self.backend, self.module.write_file, path, self.given(chunks), durable)
        assert type(count) is int
        return count

    def given(self, chunks: Iterable[bytes]) -> Any:
        return chunks if self.backend is None else arriving(chunks)

    def error(self, path: Path | str, chunks: Iterable[bytes]) -> Exception:
        with pytest.raises(Exception) as caught:  # noqa: PT011  the caller looks at it closely
            self.write(path, chunks)
        return caught.value

    def stands(self, fault: str, verdict: str = "passes") -> None:
        self._stands(f"file_write/{self.name}", self.backend, fault, verdict)


async def arriving(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Each chunk a turn of the loop later than the one before."""
    for chunk in chunks:
        await anyio.lowlevel.checkpoint()
        yield chunk


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "writer" in metafunc.fixturenames:
        chosen = getattr(metafunc.function, "only", None)
        variants = [variant for variant in VARIANTS if chosen is None or chosen(variant)]
        ids = [f"{variant.name}-{variant.backend}" if variant.backend else variant.name for variant in variants]
        params = [pytest.param(variant, marks=_held_to(variant)) for variant in variants]
        metafunc.parametrize("writer", params, indirect=True, ids=ids)


def _held_to(variant: catalogue.Variant) -> list[pytest.MarkDecorator]:
    """No writer with an event loop may keep it waiting, but for the one that is there to show how that is done."""
    if variant.backend is None or variant.name.endswith("_mistake"):
        return []
    return [pytest.mark.no_blocking(threshold_ms=200, places=["loop-thread", "page-fault", "gil"])]


@pytest.fixture
def writer(request: pytest.FixtureRequest, run: Callable[..., Any], stands: Callable[..., None]) -> Writer:
    variant: catalogue.Variant = request.param
    if variant.unavailable:
        pytest.skip(f"{variant.label} {variant.unavailable}")
    return Writer(variant, run, stands)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file that is there before, alone in its folder."""
    path = tmp_path / "folder" / "file"
    path.parent.mkdir()
    path.write_bytes(OLD)
    return path


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


@pytest.fixture
def aside() -> Callable[[Callable[[], object]], Any]:
    """Run a function in a thread beside the test, as a context that waits for its end and raises its error."""

    @contextmanager
    def running(function: Callable[[], object]) -> Iterator[None]:
        errors: list[BaseException] = []

        def guarded() -> None:
            try:
                function()
            except BaseException as error:  # noqa: BLE001  raised where the test sees it
                errors.append(error)

        thread = threading.Thread(target=guarded, name="beside the test")
        thread.start()
        try:
            yield
        finally:
            thread.join(LIMIT_S)
            assert not thread.is_alive(), "the thread beside the test hangs"
        if errors:
            raise errors[0]

    return running


def alone(path: Path) -> bool:
    """Whether nothing lies beside a file."""
    return [each.name for each in path.parent.iterdir()] == [path.name]
