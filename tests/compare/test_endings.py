"""However a run ends, nothing is left: no process, no FIFO, no directory; and no traceback."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONG = ("--only", "blocking", "asyncio_aiofiles", "trio_open_file")


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


@pytest.fixture
def started(
    command: list[str], surroundings: dict[str, str], temporary: Path
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a run that lasts until it is ended."""
    processes = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**surroundings, "TMPDIR": str(temporary)},
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def gone(pids: set[int]) -> bool:
    return not [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


def running(process: subprocess.Popen[str], family: Callable[[int], set[int]], module: str) -> set[int]:
    """The processes below it, once one of that module is among them."""
    below = family(process.pid)
    for pid in below:
        try:
            if module in psutil.Process(pid).cmdline():
                return below
        except psutil.Error:
            continue
    assert process.poll() is None, process.communicate()
    return set()


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize(
    ("arguments", "module"),
    [
        (("file", "--state", "warm", "--repeat", "100000"), "async_io_cookbook.scenarios.file.child"),
        (("file", "--state", "slow", "--delay", "5000"), "compare.scenarios.file.fifo_writer"),
    ],
    ids=["warm", "slow"],
)
def test_a_signal_in_the_middle(  # noqa: PLR0917  fixtures are arguments
    started: Callable[..., subprocess.Popen[str]],
    family: Callable[[int], set[int]],
    wait_until: Callable[..., Any],
    temporary: Path,
    signum: int,
    status: int,
    arguments: tuple[str, ...],
    module: str,
) -> None:
    process = started(*arguments, *LONG)
    below = wait_until(lambda: running(process, family, module))
    process.send_signal(signum)
    output, complaints = process.communicate(timeout=100)
    assert process.returncode == status
    assert output == ""
    assert f"compare: ended by {signal.Signals(signum).name}" in complaints
    wait_until(lambda: gone(below))
    assert list(temporary.iterdir()) == []


def test_ctrl_c_while_servers_are_under_load(
    started: Callable[..., subprocess.Popen[str]], family: Callable[[int], set[int]], wait_until: Callable[..., Any]
) -> None:
    process = started("net", "--only", "process_per_connection", "--seconds", "60", "--clients", "4")
    below = wait_until(
        lambda: pids if len(pids := running(process, family, "compare.scenarios.net.clients")) >= 6 else set()
    )
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=100)
    assert process.returncode == 130
    wait_until(lambda: gone(below))


@pytest.mark.parametrize("moment", range(4))
def test_ctrl_c_early(started: Callable[..., subprocess.Popen[str]], temporary: Path, moment: int) -> None:
    process = started("file", "--repeat", "100000", *LONG)  # or it may be done before it has used that much
    while process.poll() is None and psutil.Process(process.pid).cpu_times().user < 0.03 + 0.06 * moment:
        os.sched_yield()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=100)
    assert process.returncode in (130, -signal.SIGINT)  # before it listens, it dies of it
    assert list(temporary.iterdir()) == []


def test_the_children_die_with_a_parent_that_is_killed(
    started: Callable[..., subprocess.Popen[str]], family: Callable[[int], set[int]], wait_until: Callable[..., Any]
) -> None:
    process = started("file", "--state", "warm", "--repeat", "100000", *LONG)
    below = wait_until(lambda: running(process, family, "async_io_cookbook.scenarios.file.child"))
    process.kill()
    process.communicate(timeout=100)
    wait_until(lambda: gone(below))


def test_two_at_once(started: Callable[..., subprocess.Popen[str]], temporary: Path) -> None:
    arguments = ("file", "--only", "blocking", "asyncio_aiofiles", "--quick", "--state", "cold,slow")
    for process in [started(*arguments), started(*arguments)]:
        output, complaints = process.communicate(timeout=150)
        assert process.returncode == 0, output + complaints
    assert list(temporary.iterdir()) == []


BRIEF = ("file", "--only", "blocking", "--state", "warm", "--repeat", "1", "--no-observe")


@pytest.mark.parametrize("arguments", [BRIEF, (*BRIEF, "--json", "-"), (*BRIEF, "--markdown"), ("list",)])
def test_a_reader_who_leaves_early(started: Callable[..., subprocess.Popen[str]], arguments: tuple[str, ...]) -> None:
    process = started(*arguments)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    assert process.wait(20) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("arguments", [BRIEF, (*BRIEF, "--json", "-"), ("list",)])
def test_a_full_disk_below_standard_output(
    command: list[str], surroundings: dict[str, str], arguments: tuple[str, ...]
) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*command, *arguments], check=False, stdout=full, stderr=subprocess.PIPE, text=True, env=surroundings
        )
    assert (done.returncode, done.stderr) == (2, "compare: can't write the results: No space left on device\n")


def test_a_full_disk_below_a_file(run_compare: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = run_compare(*BRIEF, "--json", "/dev/full")
    assert (done.returncode, done.stderr) == (2, "compare: can't write /dev/full: No space left on device\n")


def test_a_limit_on_the_size_of_files(command: list[str], surroundings: dict[str, str], temporary: Path) -> None:
    limited = ["bash", "-c", 'ulimit -f 16; exec "$@"', "bash", *command, *BRIEF]
    done = subprocess.run(
        limited, check=False, capture_output=True, text=True, env={**surroundings, "TMPDIR": str(temporary)}
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert f"can't write 64 files of 65536 bytes in {temporary}: File too large" in done.stderr
    assert list(temporary.iterdir()) == []


def test_a_temporary_directory_that_can_not_be_written(
    run_compare: Callable[..., subprocess.CompletedProcess[str]], temporary: Path
) -> None:
    done = run_compare(*BRIEF, env={"TMPDIR": str(temporary / "none")})
    assert done.returncode == 0  # there is always /tmp


def test_standard_streams_that_are_closed(command: list[str], surroundings: dict[str, str]) -> None:
    closed = ["bash", "-c", 'exec "$@" <&- >&- 2>&-', "bash", *command, *BRIEF]
    assert subprocess.run(closed, check=False, env=surroundings).returncode == 0


def test_as_nobody(command: list[str], surroundings: dict[str, str]) -> None:
    setpriv = shutil.which("setpriv")
    if os.geteuid() or setpriv is None:
        pytest.skip("only root can become nobody, with setpriv")
    # May read what root can, as the interpreter may lie in root's home; has no other right.
    reading = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")
    nobody = [setpriv, "--reuid", "65534", "--regid", "65534", "--clear-groups", *reading]
    arguments = ("file", "--only", "blocking", "asyncio_aiofiles", "--state", "slow", "--quick")
    done = subprocess.run(
        [*nobody, *command, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=150,
        env={**surroundings, "TMPDIR": "/tmp", "HOME": "/"},
    )
    assert done.returncode == 0, done.stderr
    assert "worker threads wait in its place" in done.stdout


def test_without_proc(command: list[str], surroundings: dict[str, str]) -> None:
    unshare = shutil.which("unshare")
    if os.geteuid() or unshare is None:
        pytest.skip("only root can take /proc away, with unshare")
    hidden = [unshare, "-m", "bash", "-c", 'umount -l /proc && exec "$@"', "bash"]
    done = subprocess.run(
        [*hidden, *command, *BRIEF], check=False, capture_output=True, text=True, timeout=150, env=surroundings
    )
    if {"umount", "unshare"} & {line.partition(":")[0] for line in done.stderr.splitlines()}:
        pytest.skip("/proc can't be taken away here")
    assert done.returncode == 0, done.stderr
    assert "blocking" in done.stdout


def test_a_terminal_of_forty_columns(run_compare: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = run_compare(
        *("file", "--only", "asyncio_aiofiles", "--state", "slow", "--quick", "--timeline"), env={"COLUMNS": "40"}
    )
    assert done.returncode == 0
    assert max(len(line) for line in done.stdout.splitlines()) <= 40
