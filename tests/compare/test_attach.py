"""`script --pid`: Ctrl-C and `--duration` end it with what was seen, and the process goes on."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from compare.scenarios.script.attach import right_needed
from tests.reading import line

if TYPE_CHECKING:
    from collections.abc import Iterator

TIME_LIMIT_S = 120
SERVICE = """
import asyncio, sys, time
async def main():
    print("ready", flush=True)
    while True:
        await asyncio.sleep(0.02)
        time.sleep(0.1)
asyncio.run(main())
"""


@pytest.fixture
def service() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", SERVICE], stdout=subprocess.PIPE) as process:
        line(process)
        yield process
        assert process.poll() is None
        process.kill()


def _attached(pid: int, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "compare", "script", "--pid", str(pid), "--json", "-", "--json-lanes", *arguments]
    watcher = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert b"watching process" in line(watcher, "stderr")
    return watcher


def _told(watcher: subprocess.Popen[bytes]) -> tuple[dict[str, Any], bytes]:
    stdout, stderr = watcher.communicate(timeout=TIME_LIMIT_S)
    assert watcher.returncode == 0, stderr
    return json.loads(stdout)["runs"][0], stderr


def _waits_for_turns(pid: int, count: int) -> None:
    """Let the service come round so many times: it is at its sleep once in each."""
    process = psutil.Process(pid)
    before = process.num_ctx_switches().voluntary
    while process.num_ctx_switches().voluntary < before + 2 * count:
        pass


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_watch_with_the_whole_report(
    service: subprocess.Popen[bytes], signum: signal.Signals
) -> None:
    for _ in range(2):  # attaching again works
        watcher = _attached(service.pid)
        _waits_for_turns(service.pid, 4)
        watcher.send_signal(signum)
        run, stderr = _told(watcher)
        (finding,) = (each for each in run["findings"] if each["call"] == "clock_nanosleep")
        assert (finding["place"], finding["site"]["line"]) == ("loop-thread", 7)
        assert b"the loop was" in stderr


def test_duration_ends_it(service: subprocess.Popen[bytes]) -> None:
    run, _ = _told(_attached(service.pid, "--duration", "0.5"))
    assert 450 <= run["duration_ms"] <= 5000
    own = [finding["call"] for finding in run["findings"] if finding["place"] != "kernel"]  # else it got no CPU
    assert own == ["clock_nanosleep"], run["findings"]


def test_duration_goes_with_pid_alone() -> None:
    command = [sys.executable, "-m", "compare", "script", "--duration", "1", "x.py"]
    ended = subprocess.run(command, capture_output=True, timeout=TIME_LIMIT_S, check=False)
    assert ended.returncode == 2
    assert b"--duration goes with --pid" in ended.stderr


def test_a_process_without_lines_is_no_all_clear() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        watcher = _attached(process.pid, "--duration", "0.3")
        run, stderr = _told(watcher)
        process.kill()
    assert any(sentence.startswith("no Python lines: ") for sentence in run["missing"])
    assert b"not seen: no Python lines" in stderr
    assert b"compare: nothing waited" not in stderr


def test_a_service_is_seen_below_what_started_it() -> None:
    """A shell, `timeout` or a container's first process is no Python, and what it starts is watched."""
    command = ["sh", "-c", 'exec 3>&1; "$@"; true', "sh", sys.executable, "-c", SERVICE]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as shell:
        line(shell)
        (child,) = psutil.Process(shell.pid).children()
        watcher = _attached(shell.pid)
        _waits_for_turns(child.pid, 5)
        watcher.send_signal(signal.SIGINT)
        run, _ = _told(watcher)
        child.kill()
    (finding,) = [each for each in run["findings"] if each["place"] == "loop-thread"]
    assert (finding["call"], finding["code"]) == ("clock_nanosleep", None)
    assert finding["process"].endswith(str(child.pid))
    assert finding["site"]["line"] == 7


def test_a_python_that_cannot_be_read_from_ours_is_named(tmp_path: Path) -> None:
    other = tmp_path / "python3.99"
    sleep = shutil.which("sleep")
    assert sleep is not None
    shutil.copy(sleep, other)
    with subprocess.Popen([other, "60"]) as process:
        command = [sys.executable, "-m", "compare", "script", "--pid", str(process.pid)]
        ended = subprocess.run(command, capture_output=True, timeout=TIME_LIMIT_S, check=False)
        process.kill()
    assert ended.returncode == 2
    assert f"`{other} -m compare script --pid {process.pid}`".encode() in ended.stderr


def test_a_python_inside_another_program_is_no_all_clear(tmp_path: Path) -> None:
    """So it is in uWSGI, and in what PyInstaller makes: nothing that could be asked where it keeps what."""
    program = tmp_path / "server"
    shutil.copy(Path(sys.executable).resolve(), program)
    if sysconfig.get_config_var("Py_ENABLE_SHARED"):  # with the one in the library's folder it would be ours
        shutil.copy(Path(sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("INSTSONAME")), tmp_path)
    env = {**os.environ, "PYTHONHOME": sys.base_prefix, "LD_LIBRARY_PATH": str(tmp_path)}
    with subprocess.Popen([program, "-c", SERVICE], stdout=subprocess.PIPE, env=env) as process:
        line(process)
        command = [sys.executable, "-m", "compare", "script", "--pid", str(process.pid)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False)
        process.kill()
    assert ended.returncode == 2
    assert re.fullmatch(rf"compare: --pid: the Python inside {program}, process \d+, can't be read .+\n", ended.stderr)


def test_a_process_that_runs_no_program_is_an_error() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has asked for its status
        command = [sys.executable, "-m", "compare", "script", "--pid", str(process.pid)]
        ended = subprocess.run(command, capture_output=True, timeout=TIME_LIMIT_S, check=False)
    assert ended.returncode == 2
    assert b"it has ended and waits for its parent" in ended.stderr


def test_a_service_that_a_signal_has_stopped_is_no_all_clear(service: subprocess.Popen[bytes]) -> None:
    """It does not go on while it is watched: what its loop is at is known only at the end of the watch."""
    service.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, service.pid, os.WSTOPPED | os.WNOWAIT)
    run, stderr = _told(_attached(service.pid, "--duration", "0.5"))
    service.send_signal(signal.SIGCONT)
    (finding,) = (each for each in run["findings"] if each["place"] == "kernel")
    assert finding["kind"] == "stopped"
    assert finding["total_ms"] >= 300
    assert b"nothing waited" not in stderr


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        (None, "run as its user, or as root"),
        ("0", "run as its user, or as root"),
        ("1", "kernel.yama.ptrace_scope is 1 here: run as root, or with CAP_SYS_PTRACE"),
        ("2", "kernel.yama.ptrace_scope is 2 here: run as root, or with CAP_SYS_PTRACE"),
        ("3", "kernel.yama.ptrace_scope is 3 here, which forbids it"),
    ],
)
def test_the_right_that_is_needed_is_named(tmp_path: Path, scope: str | None, told: str) -> None:
    yama = tmp_path / "ptrace_scope"
    if scope is not None:
        yama.write_text(f"{scope}\n")
    assert right_needed(os.getpid(), yama).startswith(told)
