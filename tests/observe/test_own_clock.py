"""What an agent tells that nobody asks and nobody looks at from outside: it goes by its own clock."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from compare.observe.agent import channel
from compare.observe.agent.channel import Kind
from compare.observe.agent.record import Record
from compare.observe.judge.judge import Judge
from compare.observe.judge.stalls import Stalls
from compare.observe.kernel.processes import Process
from compare.observe.sampler import without_proc
from compare.observe.sampler.agents import Agent
from compare.observe.sampler.probe import Probe
from compare.observe.sampler.sampler import Sampler
from compare.scenarios.script.inherited import STARTUP

if TYPE_CHECKING:
    from pathlib import Path

    from compare.results import Observation

MS = 1_000_000
PID, TID, LOOP = 4711, 7, 99
EVENTS, BASE = asyncio.events.__file__, asyncio.base_events.__file__
BELOW = [("Handle._run", EVENTS, 88), ("BaseEventLoop._run_once", BASE, 2000), ("<module>", "/home/me/app.py", 9)]
MINE = [("main", "/home/me/app.py", 4), *BELOW]
POLLER = [("select", sys.modules["selectors"].__file__ or "", 400), *BELOW[1:]]


class Notes:
    """What an agent notes of one loop; times in milliseconds."""

    def __init__(self) -> None:
        self.judge = Judge(PID, 0, Probe({}), threshold_ns=10 * MS, plain_threads=False)
        self.judge.loop_runs(PID, TID, 0)
        self._pings = without_proc.Pings(PID, self.judge, lambda _: None)

    def _note(self, kind: Kind, at: float, *, line: float = 0, amount: float = 0) -> None:
        record = Record(int(at * MS), kind, TID, 1, LOOP, 0, int(line * 1000), int(amount * 1000))
        self._pings.note(record, TID)

    def pinged(self, at: float, late: float = 0) -> None:
        self._note(Kind.PINGED, at, amount=late)

    def stood(self, at: float, stack: list[tuple[str, str, int]]) -> None:
        for index, (name, file, line) in enumerate(stack):
            record = Record(int(at * MS), Kind.STANDS, TID, 1000 + index, LOOP, index, line, 1)
            self._pings.stands(record, TID, f"{name}\0{file}")

    def came_round(self, at: float, *, on_cpu: float, kept: float = 0) -> Observation:
        self._note(Kind.PONG, at, line=kept, amount=on_cpu)
        return self.judge.finish(int(at * MS) + 1)


@pytest.fixture
def notes() -> Notes:
    made = Notes()
    made.pinged(0)
    made._note(Kind.PONG, 0.1)  # an idle loop comes round at once
    return made


def longest(seen: Observation) -> float:
    return seen.loop.longest_ms if seen.loop is not None else 0.0


@pytest.mark.parametrize(
    ("on_cpu", "found"), [(1.0, ("loop-thread", None)), (99.0, ("busy-cpu", "compute"))], ids=["waits", "computes"]
)
def test_a_loop_that_does_not_come_round_is_held_at_a_line(
    notes: Notes, on_cpu: float, found: tuple[str, str | None]
) -> None:
    notes.pinged(5)
    notes.stood(10, MINE)
    seen = notes.came_round(105, on_cpu=on_cpu)
    [finding] = seen.findings
    assert (finding.place, finding.kind, finding.call) == (*found, None)
    assert finding.site is not None
    assert (finding.site.file, finding.site.line) == ("/home/me/app.py", 4)
    assert longest(seen) == pytest.approx(100)


def test_a_loop_that_keeps_the_gil_is_held_since_the_agent_wanted_to_ping(notes: Notes) -> None:
    notes.stood(204.9, MINE)
    notes.pinged(205, late=200)
    seen = notes.came_round(206, on_cpu=198)
    [finding] = seen.findings
    assert (finding.place, finding.kind) == ("busy-cpu", "compute")
    assert longest(seen) == pytest.approx(201)


def test_an_agent_that_is_late_for_another_reason_proves_nothing(notes: Notes) -> None:
    notes.stood(204.9, MINE)
    notes.pinged(205, late=200)
    seen = notes.came_round(206, on_cpu=1)
    assert seen.findings == ()
    assert longest(seen) == 0


@pytest.mark.parametrize(
    ("on_cpu", "kept"), [(52.0, 0.0), (1.0, 60.0)], ids=["it may have run before", "the agent was kept from it, too"]
)
def test_what_is_not_proved_is_told_as_late_alone(notes: Notes, on_cpu: float, kept: float) -> None:
    notes.pinged(5)
    notes.stood(10, MINE)
    seen = notes.came_round(105, on_cpu=on_cpu, kept=kept)
    assert seen.findings == ()
    assert longest(seen) == pytest.approx(100)


def test_what_stood_still_for_less_than_three_looks_is_told_as_late_alone(notes: Notes) -> None:
    notes.pinged(5)
    for at in (10, 17, 27):
        notes.stood(at, [("main", "/home/me/app.py", at), *BELOW])
    seen = notes.came_round(40, on_cpu=1)
    assert seen.findings == ()
    assert longest(seen) == pytest.approx(35)


def test_a_loop_that_is_in_its_poller_and_late_to_run_is_held_by_no_line(notes: Notes) -> None:
    notes.pinged(5)
    notes.stood(10, POLLER)
    assert notes.came_round(105, on_cpu=0).findings == ()


def test_a_setting_says_where_memory_is_and_whether_it_is_asked() -> None:
    for ring, pipe in ((5, 6), (5, None), ("compare-ring-1-ab", None), (None, None)):
        told = channel.Setting.read(str(channel.Setting(ring, pipe, 7, children=pipe is not None)))
        assert (told.ring, told.pipe, told.sampler, told.children) == (ring, pipe, 7, pipe is not None)


PROGRAM = """
import asyncio, sys, time
async def main():
    await asyncio.sleep(0.1)
    time.sleep(1)
    await asyncio.sleep(0.1)
asyncio.run(main())
until = time.monotonic() + 20
while len(sys._current_frames()) > 1 and time.monotonic() < until:
    time.sleep(0.01)
print(len(sys._current_frames()))
"""


def test_a_program_is_watched_and_the_agents_thread_ends_with_its_loops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(without_proc, "reason", lambda _: "no /proc here")
    monkeypatch.setattr(Process, "tids", lambda _: [])
    (tmp_path / "program.py").write_text(PROGRAM)
    where = channel.Ring.create()
    assert isinstance(where, int)
    agent = Agent(where, None)
    setting = channel.Setting(where, None, os.getpid(), children=False)
    env = os.environ | {channel.VARIABLE: str(setting), "PYTHONPATH": str(STARTUP)}
    command = [sys.executable, str(tmp_path / "program.py")]
    with subprocess.Popen(command, env=env, pass_fds=(where,), stdout=subprocess.PIPE, text=True) as child:
        stalls = Stalls(100 * MS)
        sampler = Sampler(child.pid, None, agent, threshold_ns=100 * MS, plain_threads=False, stalls=stalls)
        held_ms = 0.0
        while child.poll() is None:
            sampler.tick()
            held_ms = max(held_ms, *(loop.held_ms for loop in sampler.news().loops), 0.0)
            time.sleep(0.001)  # the sampler's own pace
        seen = sampler.finish()
        printed = child.communicate()[0]
    os.close(where)
    agent.close()
    assert printed == "1\n"
    assert seen.missing == ("no /proc here",)
    assert longest(seen) > 900
    assert held_ms > 400
    sites = [(finding.place, finding.site.line) for finding in seen.findings if finding.site is not None]
    assert ("loop-thread", 5) in sites
