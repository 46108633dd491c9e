"""`compare script --live` on a terminal of its own: what it shows while a fault begins and ends, its keys, its end."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from compare.command.terminal import keys
from tests.reading import line

if TYPE_CHECKING:
    from collections.abc import Iterator

TIME_LIMIT_S = 120
ROOT = Path(__file__).parents[2]
SHELL = Path(__file__).with_name("job_shell.py")
OURS = [sys.executable, "-m", "compare", "script"]
HOLDS = """
import asyncio, sys
async def main():
    print("ready", flush=True)
    while open(sys.argv[1]).read() != "end":  # held
        await asyncio.sleep(0.01)
    print("over", file=sys.stderr)
asyncio.run(main())
"""
"""Its loop is held in `open` until somebody opens the other end, again and again."""
FAILS = """
import sys
from compare.command import start
from compare.report.watch.watch_screen import WatchScreen
WatchScreen.lines = lambda *_: 1 / 0
sys.exit(start.main(sys.argv[1:]))
"""
ENTERS, LEAVES = b"\x1b[?1049h", b"\x1b[?1049l"
HIDES, SHOWS = b"\x1b[?25l", b"\x1b[?25h"
STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Screen:
    """A terminal of 100 columns and 30 lines, with one command in its foreground."""

    def __init__(self, folder: Path, *command: str) -> None:
        self._keys, self._slave = pty.openpty()
        termios.tcsetwinsize(self._slave, (30, 100))
        self.before = termios.tcgetattr(self._slave)
        self.raw = b""
        self.shell = subprocess.Popen(
            [sys.executable, str(SHELL), os.ttyname(self._slave), *command],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, cwd=folder,
            env={**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        )  # fmt: skip

    @property
    def text(self) -> str:
        return STYLE.sub("", self.raw.decode("utf-8", "replace"))

    def _read(self) -> None:
        if select.select([self._keys], [], [], 0.05)[0]:
            self.raw += os.read(self._keys, 1 << 16)

    def shows(self, *words: str) -> str:
        """Wait until these are shown, from now on, in however many lines; returns what was."""
        self.raw = b""
        deadline = time.monotonic() + TIME_LIMIT_S
        while not all("".join(word.split()) in "".join(self.text.split()) for word in words):
            assert time.monotonic() < deadline, self.text[-4000:]
            self._read()
        return self.text

    def sends(self, data: bytes) -> None:
        """Wait until these bytes have come."""
        deadline = time.monotonic() + TIME_LIMIT_S
        while data not in self.raw:
            assert time.monotonic() < deadline, self.text
            self._read()

    def types(self, data: bytes) -> None:
        os.write(self._keys, data)

    def ends(self) -> str:
        """Wait for the command's end; returns how it ended."""
        assert self.shell.stdout is not None
        deadline = time.monotonic() + TIME_LIMIT_S
        while not select.select([self.shell.stdout], [], [], 0)[0]:
            assert time.monotonic() < deadline, self.text[-4000:]
            self._read()
        told = line(self.shell).decode().strip()
        while select.select([self._keys], [], [], 0.2)[0]:
            self._read()
        return told

    def is_as_it_was(self) -> bool:
        """Whether keys are shown and taken by the line again, and the screen and the cursor are given back."""
        given_back = self.raw.rfind(LEAVES) > self.raw.rfind(ENTERS) and self.raw.rfind(SHOWS) > self.raw.rfind(HIDES)
        return given_back and termios.tcgetattr(self._slave) == self.before

    def close(self) -> None:
        if self.shell.poll() is None:
            for child in psutil.Process(self.shell.pid).children(recursive=True):
                child.kill()
        self.shell.communicate(timeout=TIME_LIMIT_S)
        os.close(self._keys)
        os.close(self._slave)


@pytest.fixture
def program(tmp_path: Path) -> list[str]:
    """Its path, and that of the FIFO that it reads."""
    try:
        for descriptor in pty.openpty():
            os.close(descriptor)
    except OSError as error:
        pytest.skip(f"this machine gives no terminal: {error}")
    (tmp_path / "holds.py").write_text(HOLDS)
    os.mkfifo(tmp_path / "gate")
    return [str(tmp_path / "holds.py"), str(tmp_path / "gate")]


@pytest.fixture
def service(program: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, *program], stdout=subprocess.PIPE) as process:
        line(process)
        yield process
        process.kill()


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


@pytest.fixture
def attached(service: subprocess.Popen[bytes], tmp_path: Path) -> Iterator[Screen]:
    screen = Screen(tmp_path, *OURS, "--live", "--pid", str(service.pid))
    yield screen
    screen.close()


def test_a_fault_is_shown_while_it_lasts_and_for_ten_seconds_after(
    attached: Screen, service: subprocess.Popen[bytes], gate: Path, tmp_path: Path
) -> None:
    attached.shows("one loop", "held now, for", f"in `openat` for {gate} at ")
    gate.write_text("on")
    attached.shows("the loop waits in `openat`", "# held", "q end")
    attached.types(b"\x1b[B\r")
    assert "holds.py:5 in main" in attached.shows("STACK of the longest wait", "in task Task-1 (main)", "in main")
    attached.types(b"w")
    attached.shows("is written")
    (page,) = tmp_path.glob("compare-*.html")
    assert "openat" in page.read_text("utf-8")
    attached.types(b"\x1b")
    attached.shows("FOUND in the last 10 s, sorted by total")
    attached.types(b"sp")
    attached.shows("sorted by longest", "PAUSED")
    attached.types(b"q")
    assert attached.ends() == "ended 0"
    assert attached.is_as_it_was()
    assert "the loop was blocked" in attached.text
    assert service.poll() is None


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_gives_the_terminal_back(attached: Screen, signum: signal.Signals) -> None:
    attached.shows("one loop")
    if signum is signal.SIGINT:
        attached.types(b"\x03")
    else:
        (ours,) = psutil.Process(attached.shell.pid).children()
        ours.send_signal(signum)
    assert attached.ends() == "ended 0"
    assert attached.is_as_it_was()


def test_a_mistake_of_ours_gives_the_terminal_back_and_the_watch_goes_on(
    service: subprocess.Popen[bytes], gate: Path, tmp_path: Path
) -> None:
    screen = Screen(tmp_path, sys.executable, "-c", FAILS, "script", "--live", "--pid", str(service.pid))
    try:
        screen.shows("watching process")
        screen.sends(LEAVES)
        gate.write_text("end")
        assert screen.ends() == "ended 0"
        assert screen.is_as_it_was()
        assert "nothing more was told meanwhile: ZeroDivisionError" in screen.text
        assert "the loop waits in `openat`" in screen.text
    finally:
        screen.close()


def test_an_observer_that_is_killed_is_told_at_once_and_the_program_goes_on(
    program: list[str], gate: Path, tmp_path: Path
) -> None:
    screen = Screen(tmp_path, *OURS, "--live", *program)
    try:
        screen.shows("in `openat` for")
        (ours,) = psutil.Process(screen.shell.pid).children()
        (observer,) = (child for child in ours.children() if "compare.observe.started.server" in child.cmdline())
        observer.kill()
        screen.shows("the observer has ended: nothing more is told")
        gate.write_text("end")
        assert screen.ends() == "ended 0"
        assert screen.is_as_it_was()
    finally:
        screen.close()


@pytest.mark.parametrize("to_file", [False, True])
def test_what_a_program_prints_does_not_touch_the_screen(
    program: list[str],
    gate: Path,
    tmp_path: Path,
    to_file: bool,  # noqa: FBT001  a parameter
) -> None:
    options = ["--output", str(tmp_path / "printed")] if to_file else []
    screen = Screen(tmp_path, *OURS, "--live", *options, *program)
    try:
        assert "ready" not in screen.shows("in `openat` for")
        gate.write_text("end")
        assert screen.ends() == "ended 0"
        assert screen.is_as_it_was()
        if to_file:
            assert (tmp_path / "printed").read_text() == "ready\nover\n"
        after = screen.text.rpartition("q end")[2]
        assert ("ready\r\nover\r\n" in after) is not to_file
        assert after.index("the loop was blocked") > after.find("over")
    finally:
        screen.close()


def test_without_a_terminal_it_tells_as_every_does(service: subprocess.Popen[bytes]) -> None:
    command = [*OURS, "--live", "--every", "0.3", "--pid", str(service.pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as ours:
        assert ours.stderr is not None
        assert any("the last 0.3 s" in line for line in ours.stderr)
        ours.send_signal(signal.SIGINT)
        told = ours.stderr.read()
        assert ours.wait(TIME_LIMIT_S) == 0
    assert "\x1b" not in told


@pytest.mark.parametrize("arguments", [["x.py"], ["--live", "--pid", "1"]])
def test_output_goes_with_live(arguments: list[str]) -> None:
    command = [*OURS, "--output", "/tmp/x", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False)
    assert ended.returncode == 2
    assert "--output goes with --live" in ended.stderr


def test_keys_that_send_several_bytes_are_one() -> None:
    assert keys(b"p\x1b[A\x1b[BQ\r\x1bOB\x1b") == ["p", "up", "down", "q", "enter", "down", "escape"]
    assert keys(b"\x1b[15~s") == ["\x1b[15~", "s"]
