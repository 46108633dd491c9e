"""On another system, as far as that can be had here: what runs there runs, the rest is skipped with a true reason.

What Windows or macOS has not is hidden from our code (`absent`), in every process, and it is told that it is there. No
interpreter of these systems was started for these tests.
"""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.portable.conftest import Elsewhere

REASONS = {
    "win32": (
        "uvloop does not run on Windows",
        "needs Linux, and this is Windows",
        "this Python on Windows has none",
        "this system has no posix_fadvise",
        "Windows has no FIFOs",
        "this Python has no _winapi",  # a real one has it
        "a FIFO can't be mapped",
        "epoll refuses regular files",
    ),
    "darwin": (
        "needs Linux, and this is macOS",
        "this Python on macOS has none",
        "this system has no posix_fadvise",
        "a FIFO can't be mapped",
        "epoll refuses regular files",
    ),
}
RUN_ON_WINDOWS = {
    "file": {"blocking", "threadpool_done_callback", "processpool_done_callback", "asyncio_to_thread"}
    | {"asyncio_aiofiles", "trio_open_file", "anyio_open_file", "asyncio_lines_batched"},
    "net": {"thread_per_connection", "select_multiplexing", "selectors_multiplexing", "nonblocking_busy_poll"}
    | {"asyncio_streams", "trio_streams", "anyio_streams"},
    "pipes": {"blocking", "threads", "asyncio_streams", "trio_run_process", "anyio_open_process"},
    "write": {"blocking", "asyncio_batched", "trio_batched", "asyncio_writer_thread", "asyncio_aiofiles"},
}
"""Some of those that must not be among the skipped there; of `threadpool_blocking` three clients are served."""


def compared(elsewhere: Elsewhere, scenario: str, folder: Path) -> tuple[dict[str, Any], str]:
    file = folder / f"{elsewhere.system}-{scenario}.json"
    done = elsewhere.run("-m", "compare", scenario, "--quick", "--json", str(file), timeout=110)
    printed = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, printed
    assert "Traceback" not in printed
    return json.loads(file.read_text("utf-8")), printed


@pytest.mark.timeout(120)
@pytest.mark.parametrize("scenario", ["file", "net", "pipes", "serve", "write"])
def test_each_row_is_well_or_skipped_with_a_reason_that_is_true_there(
    elsewhere: Elsewhere, scenario: str, tmp_path: Path
) -> None:
    answer, _ = compared(elsewhere, scenario, tmp_path)
    rows = answer["runs"]
    assert {row["outcome"] for row in rows} <= {"ok", "skipped", "starves"}
    reasons = {row["reason"] for row in rows if row["outcome"] == "skipped"}
    assert [each for each in reasons if not any(known in each for known in REASONS[elsewhere.system])] == []
    if elsewhere.system == "win32":
        ran = {row["variant"] for row in rows if row["outcome"] == "ok"}
        assert RUN_ON_WINDOWS.get(scenario, set()) <= ran


def test_what_could_not_be_seen_is_said(elsewhere: Elsewhere) -> None:
    done = elsewhere.run("-m", "compare", "file", "--quick", "--only", "asyncio_to_thread", "--state", "warm", "--long")
    printed = " ".join((done.stdout + done.stderr).decode().split())
    assert done.returncode == 0, printed
    assert "can't be seen: this platform has no /proc" in printed
    assert "not observed" not in printed


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["file", "--help"], ["script", "--help"]])
def test_the_command_tells_what_there_is(elsewhere: Elsewhere, arguments: list[str]) -> None:
    done = elsewhere.run("-m", "compare", *arguments)
    assert (done.returncode, done.stderr) == (0, b"")


def test_recipes_are_listed_and_shown(elsewhere: Elsewhere) -> None:
    for arguments in ([], ["asyncio_readahead"], ["tcp_echo/epoll_multiplexing"]):
        done = elsewhere.run("-m", "recipes", *arguments)
        assert done.returncode in {0, 2}
        assert b"Traceback" not in done.stderr


PROGRAM = """
import asyncio, sys, time
async def main():
    time.sleep(0.05)
    await asyncio.to_thread(time.sleep, 0.02)
asyncio.run(main())
sys.exit(5)
"""


def test_a_program_runs_under_script_with_its_exit_status(elsewhere: Elsewhere, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(PROGRAM)
    done = elsewhere.run("-m", "compare", "script", str(tmp_path / "app.py"))
    printed = " ".join(done.stderr.decode().split())
    assert done.returncode == 5, printed
    assert "Traceback" not in printed
    assert "exit status 5" in printed
    # The agent tells how late the loop is; nobody tells in which call.
    assert "the loop was blocked" in printed
    assert printed.index("not seen") < printed.index("the loop was blocked")


def test_a_program_with_carriage_returns_runs_too(windows: Elsewhere, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_bytes(PROGRAM.replace("\n", "\r\n").encode())
    done = windows.run("-m", "compare", "script", str(tmp_path / "app.py"))
    assert done.returncode == 5, done.stderr.decode()


def test_a_running_process_is_not_watched_and_that_is_said_in_a_line(windows: Elsewhere) -> None:
    done = windows.run("-m", "compare", "script", "--pid", "1")
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert b"/proc" in done.stderr


def test_claims_that_can_not_be_tried_say_so(elsewhere: Elsewhere) -> None:
    done = elsewhere.run("-m", "compare", "claims", timeout=55)
    printed = (done.stdout + done.stderr).decode()
    assert "Traceback" not in printed
    assert done.returncode in {0, 1}


GUARDED = """
import time
import pytest

@pytest.mark.no_blocking
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
@pytest.mark.anyio
async def test_waits(anyio_backend):
    time.sleep(0.01)

def test_plain():
    assert 1 + 1 == 2
"""


def test_the_plugin_lets_tests_run(elsewhere: Elsewhere, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(GUARDED)
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "async_io_cookbook.pytest_plugin", "test_it.py"]
    done = elsewhere.run(
        *command, cwd=tmp_path, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", PYTEST_PLUGINS="anyio.pytest_plugin"
    )
    printed = (done.stdout + done.stderr).decode()
    assert "INTERNALERROR" not in printed
    assert "3 passed" in printed
    assert "not seen in test_it.py::test_waits" in printed  # and nobody takes that for an all-clear


@pytest.mark.parametrize("name", ["blocking", "asyncio_to_thread", "trio_open_file", "processpool_done_callback"])
def test_a_recipe_runs_as_a_program(elsewhere: Elsewhere, name: str, tmp_path: Path) -> None:
    file = tmp_path / "数据.txt"
    file.write_bytes(b"12345")
    done = elsewhere.run("-m", f"recipes.file_read.{name}", str(file))
    assert (done.returncode, done.stdout.decode()) == (0, f"{file}: 5 bytes\n"), done.stderr.decode()


def test_what_is_hidden_is_hidden_from_ours_alone() -> None:
    absent = importlib.import_module("tests.portable.absent")
    assert "fork" in absent.NAMES["win32"]["os"].split()
    assert "fork" not in absent.NAMES["darwin"]["os"].split()
