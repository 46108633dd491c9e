"""The command that runs other people's tests: on a small suite, as its own process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

SAME = """\
import pytest


def test_passes():
    pass


@pytest.mark.skip
def test_skipped():
    pass


def test_fails():
    assert False
"""
DIFFERENT = """\
def test_passes():
    pass


def test_passes_under_the_plugin_alone(pytestconfig):
    assert pytestconfig.pluginmanager.hasplugin("no_blocking")
"""


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.others", str(folder), "--scratch", str(folder / "kept"), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=150, check=False)


def test_a_suite_that_comes_out_the_same_in_the_three_ways(tmp_path: Path) -> None:
    (tmp_path / "test_same.py").write_text(SAME)
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("exit status 1; 1 failure, 1 passed, 1 skipped") == 3
    assert done.stdout.splitlines()[-1] == f"{tmp_path.name}: the same"


def test_each_test_that_comes_out_otherwise_is_told(tmp_path: Path) -> None:
    (tmp_path / "test_different.py").write_text(DIFFERENT)
    done = run(tmp_path, "--ways", "plugin", "--times", "2")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "plugin: exit status 0, plain 1" in done.stdout
    assert "under_the_plugin_alone: passed in 2 of 2, plain failure" in done.stdout


def test_a_suite_of_which_nothing_passes_proves_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, "--ways", "plain")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "no test passed, so that nothing can be said" in done.stdout


def test_neither_a_folder_nor_a_suite(tmp_path: Path) -> None:
    done = run(tmp_path / "missing")
    assert done.returncode == 2
    assert "is no suite: expected a folder, a module of CPython's tests, or one of cpython" in done.stderr
    assert "Traceback" not in done.stderr
