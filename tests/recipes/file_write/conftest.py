"""Every writer found on disk, on each of its backends, as one fixture: `writer`.

A test that asks for `writer` runs once for each; a recipe that is added is held to all of them without a line here.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import anyio.lowlevel
import pytest

from compare import catalogue
from tests.recipes.variants import held_to_the_loop, once_for_each

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
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
    once_for_each(metafunc, "writer", VARIANTS, held_to_the_loop)


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


def alone(path: Path) -> bool:
    """Whether nothing lies beside a file."""
    return [each.name for each in path.parent.iterdir()] == [path.name]
