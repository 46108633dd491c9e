"""`compare script --record`: what the last seconds held, at SIGUSR2, after a long hold, and at the end."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from compare.command.record import Recorder
from compare.results import LoopTurn, News
from tests.compare.held import OURS, TIME_LIMIT_S, Held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Recorded(Held):
    """A program of which the last seconds are recorded."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._folder = folder / "recordings"
        self._folder.mkdir()
        self.always = ("--record", "2", "--record-in", str(self._folder), "--every", "0.2")

    def files(self, reason: str) -> list[Path]:
        return sorted(self._folder.glob(f"compare-*-{reason}.html"))

    def spans(self, page: Path) -> list[dict[str, Any]]:
        trace = json.loads(gzip.decompress(page.with_suffix(".trace.json.gz").read_bytes()))
        return [event for event in trace["traceEvents"] if event["ph"] == "X"]

    def end(self) -> str:
        told = super().end()
        assert not list(self._folder.glob("*.part"))
        return told


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


def test_a_loop_is_named_with_its_process_once(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, 100.0, 5.0, lambda _: pytest.fail("nothing is written"), lambda _: None)
    turns = LoopTurn(7, "MainThread", 900.0, 150.0), LoopTurn(8, "MainThread of python 8", 900.0, 150.0)
    held = [recorder._held(News(1_000.0, (), (each,), (), (), 1, None, 0, ())) for each in turns]
    assert held == [
        "the loop in MainThread of process 7 was held for 150 ms",
        "the loop in MainThread of python 8 was held for 150 ms",
    ]


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
