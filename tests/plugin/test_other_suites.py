"""`python -m tests.others`: what differs with us is named, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = Path(sys.executable).with_name("async-io-cookbook")
PROJECT = """
    import sys, pytest

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def anyio_backend():
        return "asyncio"

    async def test_same():
        pass

    async def test_fails_the_same():
        assert False

    async def test_sees_the_plugin():
        assert "async_io_cookbook.plugin.guard" not in sys.modules

    async def test_sees_the_agent():
        assert "_compare_agent" not in sys.modules
"""


@pytest.mark.skipif(
    not Path(sys.executable).with_name("async-io-cookbook").exists(), reason="installed without its script"
)
def test_what_differs_is_named(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "test_theirs.py").write_text(dedent(PROJECT))
    done = subprocess.run(
        [sys.executable, "-m", "tests.others", str(tmp_path / "project"), "--scratch", str(tmp_path / "scratch")],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False, capture_output=True, text=True, timeout=150,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines() == [
        "project plain    1: exit status 1; 1 failure, 3 passed",
        "project observed 1: exit status 1; 2 failure, 2 passed",
        "project plugin   1: exit status 1; 2 failure, 2 passed",
        "project: 2 differences",
        "  observed: test_theirs.test_sees_the_agent: failure in 1 of 1, plain passed",
        "  plugin: test_theirs.test_sees_the_plugin: failure in 1 of 1, plain passed",
    ]
