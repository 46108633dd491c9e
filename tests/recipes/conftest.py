"""What the tests of all recipes share: a FIFO, a thread beside the test, and the matrix, which the docs show.

With `COOKBOOK_MATRIX=FILE` in the environment a run writes `{recipe: {backend: {fault: verdict}}}` as JSON into FILE,
merged into what is there, so that several runs, and the workers of a parallel one, make one matrix.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvloop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BESIDE_S = 20.0
"""How long what runs beside a test may take to end, in seconds."""

Matrix = dict[str, dict[str, dict[str, str]]]


uvloop.new_event_loop().close()  # libuv's pipe for signals, made once a process: not what a test left behind


@pytest.fixture(scope="session")
def _matrix() -> Iterator[Matrix]:
    matrix: Matrix = {}
    yield matrix
    if target := os.environ.get("COOKBOOK_MATRIX"):
        _merge(Path(target), matrix)


@pytest.fixture
def stands(_matrix: Matrix) -> Callable[[str, str | None, str, str], None]:
    """Note what a recipe did under a fault: `stands("tcp_echo/poll_multiplexing", None, "half-close", "passes")`.

    The recipe is its path below `recipes/` without the suffix, the backend is `None` for a recipe without an event
    loop (`"none"` in the file), and the verdict is `passes`, `passes: in what way`, or `cannot: reason`. Call it
    last, when everything has been asserted.
    """

    def note(recipe: str, backend: str | None, fault: str, verdict: str) -> None:
        assert verdict.split(":", 1)[0] in {"passes", "cannot"}, verdict
        _matrix.setdefault(recipe, {}).setdefault(backend or "none", {})[fault] = verdict

    return note


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
            thread.join(BESIDE_S)
            assert not thread.is_alive(), "the thread beside the test hangs"
        if errors:
            raise errors[0]

    return running


def _merge(target: Path, matrix: Matrix) -> None:
    with target.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # the other workers of a parallel run write here too
        file.seek(0)
        text = file.read()
        merged: Matrix = json.loads(text) if text else {}
        for recipe, backends in matrix.items():
            for backend, faults in backends.items():
                merged.setdefault(recipe, {}).setdefault(backend, {}).update(faults)
        file.truncate(0)
        file.write(json.dumps(merged, indent=1, sort_keys=True) + "\n")
