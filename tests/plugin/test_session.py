"""The sampler's process: one a session, nobody's child, gone with whoever started it; and the plugin's weight."""

from __future__ import annotations

import os
import select
import signal
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFTEST = """
import os, pytest

@pytest.fixture
def sampler(tmp_path_factory):
    from async_io_cookbook.observe.in_process.session import ready
    with open(os.environ["SAMPLERS"], "a") as file:
        file.write(f"{os.getpid()} {ready().pid}\\n")
"""
TEST = """
import os, anyio, pytest

pytestmark = [pytest.mark.anyio, pytest.mark.no_blocking, pytest.mark.parametrize("anyio_backend", ["asyncio"])]

@pytest.mark.parametrize("n", range(6))
async def test_clean(sampler, n):
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
"""


def _samplers(path: Path) -> set[tuple[int, int]]:
    return {(int(who), int(sampler)) for who, sampler in (line.split() for line in path.read_text().splitlines())}


def _ends(pid: int) -> bool:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 10)[0])
    finally:
        os.close(descriptor)


def test_one_for_each_worker_and_nobodys_child(inner: Callable[..., Any], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("SAMPLERS", str(tmp_path / "samplers"))
    ran = inner(TEST, "-n", "2", conftest=CONFTEST, plugins="anyio xdist")
    assert ran.failed == set(), ran.output
    assert len(ran.failures) == 6
    found = _samplers(tmp_path / "samplers")
    assert len(found) == len({who for who, _ in found}) == 2
    assert all(_ends(sampler) for _, sampler in found)


def test_it_ends_when_pytest_is_killed(inner: Callable[..., Any], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("SAMPLERS", str(tmp_path / "samplers"))
    ran = inner(TEST + "    os.kill(os.getpid(), 9)\n", conftest=CONFTEST)
    assert ran.status == -signal.SIGKILL
    ((_, sampler),) = _samplers(tmp_path / "samplers")
    assert _ends(sampler)


LIGHT = [
    "async_io_cookbook",
    "async_io_cookbook.plugin",
    "async_io_cookbook.plugin.fixtures",
    "async_io_cookbook.plugin.hooks",
    "async_io_cookbook.plugin.settings",
    "async_io_cookbook.pytest_plugin",
]
"""All that an unasked pytest imports of ours, and nothing of anybody's."""


def test_inert_until_it_is_asked_for(inner: Callable[..., Any]) -> None:
    ran = inner(
        "def test_nothing(): pass",
        conftest="""
            import sys

            def pytest_sessionfinish():
                names = [name for name in sys.modules if name.split(".")[0] in {"compare", "async_io_cookbook"}]
                print("OURS", sorted(names))
        """,
    )
    assert f"OURS {LIGHT}" in ran.output
    code = (
        "import sys, pytest, types; known = set(sys.modules);"
        "import async_io_cookbook.pytest_plugin as plugin;"
        "plugin.pytest_addoption(pytest.PytestPluginManager());"
    )
    printed = subprocess.check_output(
        [sys.executable, "-c", code + "print(sorted(set(sys.modules) - known))"], text=True, timeout=120
    )
    assert printed.strip() == str(LIGHT)


def test_what_a_marked_test_costs(inner: Callable[..., Any], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("TIMES", str(tmp_path / "times"))
    ran = inner(
        """
        import anyio, pytest

        pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio"])]

        @pytest.mark.no_blocking(threshold_ms=5, places=["worker-thread"])
        @pytest.mark.parametrize("n", range(40))
        async def test_marked(n):
            await anyio.sleep(0.01)  # longer than the threshold, so that the sampler is asked

        @pytest.mark.parametrize("n", range(40))
        async def test_plain(n):
            await anyio.sleep(0.01)
        """,
        conftest="""
            import os, time

            @pytest.hookimpl(wrapper=True, tryfirst=True)
            def pytest_runtest_protocol(item):
                began = time.perf_counter()
                try:
                    return (yield)
                finally:
                    with open(os.environ["TIMES"], "a") as file:
                        file.write(f"{item.originalname} {time.perf_counter() - began}\\n")
        """,
    )
    assert ran.failed == set(), ran.output
    times: dict[str, list[float]] = {}
    for line in (tmp_path / "times").read_text().splitlines():
        name, seconds = line.split()
        times.setdefault(name, []).append(float(seconds))
    assert statistics.median(times["test_marked"]) - statistics.median(times["test_plain"]) < 0.020
