"""Signals and job control under `compare script`: as without us, with real terminals and with plain `kill`."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from compare.observe.kernel import system_calls
from compare.observe.kernel.threads import RUNNING, ThreadFiles, parse_call
from tests.reading import line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TIME_LIMIT_S = 120
CASE = Path(__file__).parent.parent / "observe" / "cases" / "ignored_signals.py"
SHELL = Path(__file__).with_name("job_shell.py")
OURS = [sys.executable, "-m", "compare", "script"]

BEGINS_WITH = """
import os, signal, sys
for number in {ignored}: signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_SETMASK, {blocked})
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("ignored", "blocked"),
    [
        ((), ()),
        ((signal.SIGINT, signal.SIGQUIT), ()),
        ((signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE, signal.SIGUSR1), ()),
        ((signal.SIGCHLD, signal.SIGTSTP, signal.SIGTTOU), ()),
        ((), (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGTSTP)),
    ],
)
def test_ignored_and_blocked_signals_stay_so(ignored: tuple[int, ...], blocked: tuple[int, ...]) -> None:
    begin = BEGINS_WITH.format(ignored=[int(each) for each in ignored], blocked=[int(each) for each in blocked])
    command = [sys.executable, "-c", begin, sys.executable]
    alone = subprocess.run([*command, str(CASE)], capture_output=True, timeout=TIME_LIMIT_S, check=True)
    ours = subprocess.run([*command, *OURS[1:], str(CASE)], capture_output=True, timeout=TIME_LIMIT_S, check=True)
    assert ours.stdout == alone.stdout
    assert alone.stdout.count(b" 1\n") >= len(ignored)


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Starts a program under us, with every signal at its default; returns once the program is ready."""
    started: list[subprocess.Popen[bytes]] = []
    every = [number for number in signal.valid_signals() if number not in {signal.SIGKILL, signal.SIGSTOP}]

    def start(text: str) -> subprocess.Popen[bytes]:
        path = tmp_path / "program.py"
        path.write_text(f"print('ready', flush=True)\n{text}")
        begin = (
            "import os, signal, sys\n"
            f"for number in {[int(each) for each in every]}: signal.signal(number, signal.SIG_DFL)\n"
            "os.execv(sys.argv[1], sys.argv[1:])"
        )
        command = [sys.executable, "-c", begin, *OURS, str(path)]
        # A group of its own, with a parent in the same session: SIGTSTP and its like stop nobody in a group
        # that is orphaned (setpgid(2)), as ours is where `setsid`, `nohup &` or cron began the tests.
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0
        )
        started.append(process)
        line(process)
        return process

    yield start
    for process in started:
        _kill_below(process)
        process.communicate()


def _kill_below(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.kill()


def _program(process: subprocess.Popen[bytes]) -> psutil.Process:
    (found,) = (child for child in psutil.Process(process.pid).children() if child.cmdline()[-1].endswith("program.py"))
    return found


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIME_LIMIT_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)  # the state of a process that is nobody's to wait for


def _is_read(raw: bytes) -> bool:
    return raw != RUNNING and system_calls.name(parse_call(raw).number) == "read"


def _is_stopped(process: psutil.Process) -> bool:
    return bool(process.status() == psutil.STATUS_STOPPED)


@pytest.mark.parametrize("stop", [signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN])
def test_who_stops_the_program_alone_does_not_stop_us(
    job: Callable[[str], subprocess.Popen[bytes]], stop: signal.Signals
) -> None:
    process = job("import signal; signal.pause()")
    program = _program(process)
    for _ in range(3):
        program.send_signal(stop)
        _until(lambda: _is_stopped(program))
        assert not _is_stopped(psutil.Process(process.pid))
        program.send_signal(signal.SIGCONT)
        _until(lambda: not _is_stopped(program))
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=TIME_LIMIT_S)
    assert process.returncode == -signal.SIGTERM
    assert b"ended by SIGTERM" in told


def test_a_signal_to_us_reaches_a_program_that_was_stopped(job: Callable[[str], subprocess.Popen[bytes]]) -> None:
    process = job("import signal; signal.pause()")
    program = _program(process)
    program.send_signal(signal.SIGSTOP)
    _until(lambda: _is_stopped(program))
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGCONT)
    process.communicate(timeout=TIME_LIMIT_S)
    assert process.returncode == -signal.SIGTERM


def test_who_stops_and_continues_us_stops_and_continues_the_program(
    job: Callable[[str], subprocess.Popen[bytes]],
) -> None:
    process = job("import signal; signal.pause()")
    ours, program = psutil.Process(process.pid), _program(process)
    process.send_signal(signal.SIGTSTP)
    _until(lambda: _is_stopped(program) and _is_stopped(ours))
    process.send_signal(signal.SIGCONT)
    _until(lambda: not (_is_stopped(program) or _is_stopped(ours)))


class Terminal:
    """A terminal with one job in its foreground, and a shell that says what becomes of the job."""

    def __init__(self, path: Path) -> None:
        self.keys, self._slave = pty.openpty()  # ours stays open, or nothing could be read before the job opens it
        self._shell = subprocess.Popen(
            [sys.executable, str(SHELL), os.ttyname(self._slave), *OURS, str(path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        self._shown = b""

    def shows(self, word: bytes) -> None:
        while word not in self._shown:
            assert select.select([self.keys], [], [], TIME_LIMIT_S)[0], f"{word!r} is not shown: {self._shown!r}"
            self._shown += os.read(self.keys, 4096)
        self._shown = self._shown.partition(word)[2]

    def types(self, keys: bytes) -> None:
        """Once the program reads: called for just before, a handler of Python's waits for the read to end."""
        pid = self.program().pid
        with contextlib.closing(ThreadFiles(pid, pid)) as thread:
            _until(lambda: _is_read(thread.call()))
        os.write(self.keys, keys)

    def tells(self) -> bytes:
        return line(self._shell).strip()

    def foreground(self) -> None:
        assert self._shell.stdin is not None
        self._shell.stdin.write(b"\n")
        self._shell.stdin.flush()

    def program(self) -> psutil.Process:
        (job,) = psutil.Process(self._shell.pid).children()
        (found,) = (child for child in job.children() if child.cmdline()[-1].endswith("program.py"))
        return found

    def close(self) -> None:
        _kill_below(self._shell)
        self._shell.communicate(timeout=TIME_LIMIT_S)
        os.close(self.keys)
        os.close(self._slave)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[[str], Terminal]]:
    try:
        for descriptor in pty.openpty():
            os.close(descriptor)
    except OSError as error:
        pytest.skip(f"this machine gives no terminal: {error}")
    opened: list[Terminal] = []

    def start(text: str) -> Terminal:
        path = tmp_path / "program.py"
        path.write_text(text)
        opened.append(Terminal(path))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


TIDIES = """
import os, signal
def tidy(*_):
    print("tidied", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
signal.signal(signal.SIGTSTP, tidy)
"""


@pytest.mark.parametrize("before", ["", TIDIES], ids=["plain", "tidies"])
def test_ctrl_z_stops_us_both_and_the_shell_continues_us_both(terminal: Callable[[str], Terminal], before: str) -> None:
    screen = terminal(
        f"{before}\nfor word in ('one', 'two', 'three'):\n    print('ready', word, flush=True)\n    input()"
    )
    screen.shows(b"ready one")
    program = screen.program()
    for word in (b"two", b"three"):
        screen.types(b"\x1a")
        assert screen.tells() == b"stopped 20"
        _until(lambda: _is_stopped(program))
        screen.foreground()
        _until(lambda: not _is_stopped(program))
        screen.types(b"\n")
        screen.shows(b"ready " + word)
    screen.types(b"\x03")
    screen.shows(b"ended by SIGINT")
    assert screen.tells() == b"ended -2"


def test_a_program_that_ignores_ctrl_z_goes_on(terminal: Callable[[str], Terminal]) -> None:
    screen = terminal(
        "import signal; signal.signal(signal.SIGTSTP, signal.SIG_IGN)\nprint('ready', flush=True)\n"
        "print('said', input(), flush=True)"
    )
    screen.shows(b"ready")
    screen.types(b"\x1ahello\n")
    screen.shows(b"said")
    assert screen.tells() == b"ended 0"
