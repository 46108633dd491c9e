"""One suite for every pitfall found on disk: the trap shows what it says, and so does its way out."""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import recipes.pitfalls
from recipes.pitfalls.repr_of_the_result import Content, read

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

FOLDER = Path(recipes.pitfalls.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("[a-z]*.py"))


@pytest.fixture(params=NAMES)
def pitfall(request: pytest.FixtureRequest) -> Any:
    """Each module in turn; one that needs another platform is skipped, and says which."""
    tree = ast.parse((FOLDER / f"{request.param}.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "REQUIRES":
            platform = ast.literal_eval(node.value).get("platform", sys.platform)
            if platform != sys.platform:
                pytest.skip(f"{request.param} needs {platform}, this is {sys.platform}")
    return importlib.import_module(f"recipes.pitfalls.{request.param}")


def call(run: Callable[..., Any], function: Callable[[], Any]) -> Any:
    return run("asyncio" if inspect.iscoroutinefunction(function) else None, function)


def test_the_trap_shows_its_failure(
    pitfall: Any, run: Callable[..., Any], error_records: list[logging.LogRecord]
) -> None:
    assert call(run, pitfall.trap) == pitfall.SEEN_IN_TRAP
    logged = [record.getMessage() for record in error_records]
    expected = getattr(pitfall, "LOGS_IN_TRAP", None)
    if expected is None:
        assert not logged
    else:  # the log is the only place where this failure shows
        assert len(logged) == 1
        assert expected in logged[0]
        error_records.clear()


def test_the_way_out_gives_the_right_result(pitfall: Any, run: Callable[..., Any]) -> None:
    assert call(run, pitfall.way_out) == pitfall.SEEN_IN_WAY_OUT


def test_the_two_can_be_told_apart(pitfall: Any) -> None:
    assert pitfall.SEEN_IN_TRAP != pitfall.SEEN_IN_WAY_OUT


def test_it_runs_as_a_program_and_prints_both(pitfall: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-m", pitfall.__name__],
        cwd=FOLDER.parent.parent,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"trap:    {pitfall.SEEN_IN_TRAP}",
        f"way out: {pitfall.SEEN_IN_WAY_OUT}",
    ]


def test_it_names_the_way_out_in_its_docstring(pitfall: Any) -> None:
    assert "**The way out**" in pitfall.__doc__
    assert len(pitfall.__doc__.splitlines()[0]) <= 120


def test_every_pitfall_is_known() -> None:
    assert len(NAMES) >= 28, "a pitfall has left the cookbook"


def test_only_asyncio_run_of_3_11_makes_a_repr_of_the_result() -> None:
    before = Content.reprs
    asyncio.run(read())
    assert (Content.reprs - before > 0) == (sys.version_info < (3, 12))
