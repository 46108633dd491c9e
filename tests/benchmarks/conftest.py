"""The command, as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
LIMIT_S = 150.0


@pytest.fixture
def bench() -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
        env = dict(os.environ) | ({"PATH": path} if path is not None else {})
        command = [sys.executable, "-m", "benchmarks", *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env, timeout=LIMIT_S, check=False)

    return run
