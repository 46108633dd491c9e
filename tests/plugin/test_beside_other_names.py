"""Installed from a wheel, in a project that has a `compare` and a `recipes` of its own: both keep what is theirs."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Run = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).parents[2]
OURS = ("PYTEST_", "PYTHONPATH", "COMPARE_", "COV_", "COVERAGE_")
"""What the tests around us set for themselves."""

THEIRS = 'OWNER = "the project"\nprint("the project\'s own", __name__)\n'
PROJECT = {
    "app.py": """
        import asyncio, sys, time
        import compare, recipes

        async def main():
            time.sleep(0.2)

        if __name__ == "__main__":
            assert compare.OWNER == recipes.OWNER == "the project"
            asyncio.run(main())
            sys.exit(7)
    """,
    "mine.py": """
        import compare, recipes

        def read_files(paths):
            assert compare.OWNER == recipes.OWNER == "the project"
            found = []
            for path in paths:
                with open(path, "rb") as file:
                    found.append(file.read())
            return found
    """,
    "test_theirs.py": """
        import asyncio, time
        import compare, recipes
        import async_io_cookbook

        async def blocks():
            time.sleep(0.2)

        def test_names():
            assert compare.OWNER == recipes.OWNER == "the project"

        def test_watch():
            with async_io_cookbook.watch(threshold_ms=100) as seen:
                asyncio.run(blocks())
            assert [finding.site.function for finding in seen.findings] == ["blocks"]
    """,
    "test_asked.py": """
        import time
        import anyio, pytest

        pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio"])]

        async def test_blocks():
            time.sleep(0.2)

        async def test_clean():
            await anyio.sleep(0.2)
    """,
}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment in which our wheel is installed; the rest comes from the one that runs us."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    wheels = [*pip, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", str(folder), str(ROOT)]
    subprocess.run(wheels, check=True, timeout=150)
    (wheel,) = folder.glob("*.whl")
    environment = folder / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True, timeout=150)
    python = environment / "bin" / "python"
    install = [*pip, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, timeout=150)
    # A line in a `.pth` is a folder, whose own `.pth` files (that of an editable install) don't count.
    site = subprocess.check_output(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True, timeout=100
    )
    Path(site.strip(), "rest.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment / "bin"


@pytest.fixture(params=["compare.py", "compare/__init__.py"])
def theirs(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder of a project that has these names as modules, or as packages."""
    for name in ("compare", "recipes"):
        path = tmp_path / request.param.replace("compare", name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(THEIRS)
    for name, text in PROJECT.items():
        (tmp_path / name).write_text(dedent(text))
    return tmp_path


@pytest.fixture
def run(scripts: Path, theirs: Path) -> Run:
    """Run a program of the environment in the project's folder."""

    def call(name: str, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        return subprocess.run(
            [scripts / name, *arguments], cwd=theirs, env={**kept, "COLUMNS": "100", "TERM": "dumb", **(env or {})},
            check=False, capture_output=True, text=True, timeout=150, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    return call


def _pytest(run: Run, *arguments: str, **options: Mapping[str, str]) -> tuple[str, int]:
    done = run("python", "-m", "pytest", "-p", "no:cacheprovider", "-rA", *arguments, **options)
    return done.stdout + done.stderr, done.returncode


def test_where_nothing_is_asked_nothing_is_changed(run: Run) -> None:
    said, status = _pytest(run, "-n0", "test_theirs.py", "test_asked.py")
    assert status == 0, said
    assert "4 passed" in said


@pytest.mark.parametrize("theirs", ["compare.py"], indirect=True)
@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        ((), {}),
        (("-n", "2"), {}),
        (("-p", "no_blocking"), {}),
        (("-p", "async_io_cookbook.pytest_plugin"), {}),
        (("-p", "async_io_cookbook.pytest_plugin", "-p", "no_blocking", "-n", "2"), {}),
        (
            ("-p", "no_blocking", "-p", "anyio.pytest_plugin", "-p", "async_io_cookbook.pytest_plugin"),
            {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        ),
        ((), {"PYTEST_PLUGINS": "async_io_cookbook.pytest_plugin"}),
    ],
)
def test_the_plugin_works_by_whatever_name(run: Run, arguments: tuple[str, ...], env: dict[str, str]) -> None:
    said, status = _pytest(run, *arguments, "--no-blocking=100", "test_theirs.py", "test_asked.py", env=env)
    assert status == 1, said
    assert "FAILED test_asked.py::test_blocks[asyncio]" in said
    assert "the loop waits in `clock_nanosleep`" in said
    assert "1 failed, 3 passed" in said


def test_it_can_be_left_out(run: Run) -> None:
    said, status = _pytest(run, "-p", "no:no_blocking", "--no-blocking")
    assert status == 4, said
    assert "unrecognized arguments: --no-blocking" in said


def test_theirs_was_imported_first(run: Run) -> None:
    words = "['--no-blocking=100', '-p', 'no:cacheprovider', '-rA', 'test_theirs.py', 'test_asked.py']"
    done = run("python", "-c", f"import compare, recipes, pytest, sys; sys.exit(pytest.main({words}))")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 3 passed" in done.stdout


def test_a_program_is_observed(run: Run) -> None:
    done = run("async-io-cookbook", "script", "app.py")
    assert done.returncode == 7, done.stderr
    assert done.stdout == "the project's own compare\nthe project's own recipes\n"
    assert "nosleep` at app.py:6" in done.stderr


def test_recipes_are_compared_with_a_function_of_theirs(run: Run) -> None:
    only = ["--long", "--state", "warm", "--only", "blocking", "processpool_done_callback", "asyncio_to_thread"]
    done = run(
        "async-io-cookbook", "file", "--quick", *only, "--backend", "asyncio", "--backend", "none", "mine.py:read_files"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert {line.split()[0] for line in done.stdout.splitlines() if " ok " in line} >= {
        "mine.py:read_files", "asyncio_to_thread", "blocking", "processpool_done_callback",
    }  # fmt: skip


def test_servers_are_compared(run: Run) -> None:
    done = run("async-io-cookbook", "net", "--quick", "--only", "asyncio_streams", "--backend", "asyncio")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "asyncio_streams" in done.stdout
