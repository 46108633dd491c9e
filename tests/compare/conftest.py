"""Runs the command as a user does: in a process of its own, with what it wrote and how it ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def command() -> list[str]:
    return [sys.executable, "-m", "compare"]


@pytest.fixture(scope="session")
def surroundings() -> dict[str, str]:
    """The environment of a run: plain text, 100 columns, the repository on the path."""
    left_out = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "COMPARE_CHILD")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "TERM": "dumb"}


@pytest.fixture(scope="session")
def run_compare(command: list[str], surroundings: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run it to its end: `run_compare("file", "--quick", cwd=…, env={…})`."""

    def run(*arguments: str, env: dict[str, str] | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=150,
            stdin=subprocess.DEVNULL,
            env={**surroundings, **(env or {})},
            **options,
        )

    return run


@pytest.fixture(scope="session")
def measured(run_compare: Callable[..., subprocess.CompletedProcess[str]]) -> Callable[..., Any]:
    """Run it and return its JSON, together with the exit status."""

    def run(*arguments: str, **options: Any) -> tuple[dict[str, Any], int]:
        done = run_compare(*arguments, "--json", "-", **options)
        assert done.stdout, done.stderr
        return json.loads(done.stdout), done.returncode

    return run


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., Any]:
    """Ask again and again until the answer is not false; return it, or fail after a time limit in seconds."""

    def wait(question: Callable[[], Any], seconds: float = 20.0) -> Any:
        deadline = time.monotonic() + seconds
        while not (answer := question()):
            assert time.monotonic() < deadline, "waited too long"
            time.sleep(0.01)
        return answer

    return wait


@pytest.fixture(scope="session")
def family() -> Callable[[int], set[int]]:
    """The processes below one."""

    def below(pid: int) -> set[int]:
        try:
            return {child.pid for child in psutil.Process(pid).children(recursive=True)}
        except psutil.NoSuchProcess:
            return set()

    return below
