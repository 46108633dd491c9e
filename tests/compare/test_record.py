"""`compare script --record`: what the last seconds held, at SIGUSR2, after a long hold, and at the end."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TIME_LIMIT_S = 120
OURS = [sys.executable, "-m", "compare", "script"]
HOLDS = """
import asyncio, sys
async def main():
    print("ready", flush=True)
    while open(sys.argv[1]).read() != "end":  # held
        await asyncio.sleep(0.01)
asyncio.run(main())
"""
"""Its loop is held in `open` until somebody opens the other end, again and again; SIGUSR2 would end it."""


class Recorded:
    """The program under us, or with us attached to it, and what is recorded of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "recordings"
        self._folder.mkdir()
        self._gate, self._program = folder / "gate", folder / "holds.py"
        self._program.write_text(HOLDS)
        os.mkfifo(self._gate)
        self.ours: subprocess.Popen[str]
        self.service: subprocess.Popen[str] | None = None

    def start(self, *options: str) -> None:
        self._begin(*options, str(self._program), str(self._gate))
        assert self.ours.stdout is not None
        assert self.ours.stdout.readline() == "ready\n"

    def attach(self, *options: str) -> None:
        command = [sys.executable, str(self._program), str(self._gate)]
        self.service = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.service.stdout is not None
        assert self.service.stdout.readline() == "ready\n"
        self._begin("--pid", str(self.service.pid), *options)

    def _begin(self, *arguments: str) -> None:
        command = [*OURS, "--record", "2", "--record-in", str(self._folder), "--every", "0.2", *arguments]
        self.ours = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def says(self, words: str) -> str:
        assert self.ours.stderr is not None
        for line in self.ours.stderr:
            if words in line:
                return line
        pytest.fail(f"it never said {words}")

    def let_go(self, text: str = "on") -> None:
        self._gate.write_text(text)

    def files(self, reason: str) -> list[Path]:
        return sorted(self._folder.glob(f"compare-*-{reason}.html"))

    def spans(self, page: Path) -> list[dict[str, Any]]:
        trace = json.loads(gzip.decompress(page.with_suffix(".trace.json.gz").read_bytes()))
        return [event for event in trace["traceEvents"] if event["ph"] == "X"]

    def end(self) -> str:
        self.let_go("end")
        _, told = self.ours.communicate(timeout=TIME_LIMIT_S)
        assert self.ours.returncode == 0, told
        assert not list(self._folder.glob("*.part"))
        return told

    def close(self) -> None:
        for process in (self.ours, self.service):
            if process is not None:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                process.communicate(timeout=TIME_LIMIT_S)


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Recorded]:
    found = Recorded(tmp_path)
    yield found
    found.close()


@pytest.fixture(params=["started", "attached"])
def begin(request: pytest.FixtureRequest, recorded: Recorded) -> Callable[..., None]:
    return recorded.start if request.param == "started" else recorded.attach


def test_sigusr2_writes_what_goes_on_and_the_program_hears_nothing_of_it(
    recorded: Recorded, begin: Callable[..., None]
) -> None:
    begin()
    recorded.says("in `openat` for")
    recorded.ours.send_signal(signal.SIGUSR2)
    recorded.says("are written: SIGUSR2")
    (page,) = recorded.files("asked")
    assert "openat" in page.read_text("utf-8")
    last = max(recorded.spans(page), key=lambda span: float(span["ts"]) + float(span["dur"]))
    assert last["name"] == "openat"
    recorded.let_go()
    recorded.says("! ")  # and on it goes
    recorded.end()


def test_a_long_hold_is_written_when_it_has_ended(recorded: Recorded, begin: Callable[..., None]) -> None:
    begin("--dump-over", "100")
    recorded.says("in `openat` for")
    assert not recorded.files("held")
    held = time.monotonic() + 0.2
    while time.monotonic() < held:
        recorded.says("in `openat` for")
    recorded.let_go()
    assert "in MainThread of process" in recorded.says("are written: the loop")
    (page,) = recorded.files("held")
    assert "openat" in page.read_text("utf-8")
    assert any(span["name"] == "openat" and span["dur"] > 100_000 for span in recorded.spans(page))
    recorded.end()


def test_the_end_is_written_and_no_more_than_is_kept(recorded: Recorded, begin: Callable[..., None]) -> None:
    begin()
    over = time.monotonic() + 3
    while time.monotonic() < over:
        recorded.says("the last 0.2 s")
    recorded.end()
    (page,) = recorded.files("end")
    spans = recorded.spans(page)
    assert any(span["name"] == "openat" for span in spans)
    assert max(span["ts"] + span["dur"] for span in spans) < 2_100_000
    assert not recorded.files("held")
    assert not recorded.files("asked")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--dump-over", "50", "x.py"], "--dump-over and --record-in go with --record S"),
        (["--record", "0", "x.py"], "must be 1 or more, not 0"),
        (["--record", "5", "--record-in", "/no/such/folder", "x.py"], "must be a directory that can be written to"),
    ],
)
def test_mistakes_are_told_in_one_line(arguments: list[str], told: str) -> None:
    ended = subprocess.run([*OURS, *arguments], capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False)
    assert ended.returncode == 2
    assert told in ended.stderr
    assert ended.stderr.count("\n") == 1
