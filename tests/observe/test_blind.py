"""Without `/proc` the loop's stalls are still told, and what can't be seen is said."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from compare.observe.agent import channel
from compare.observe.kernel.processes import Process
from compare.observe.sampler import without_proc
from compare.observe.sampler.agents import Agent
from compare.observe.sampler.sampler import Sampler
from compare.scenarios.script.inherited import STARTUP

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PROGRAM = """
import asyncio, time
async def main():
    await asyncio.sleep(0.1)
    time.sleep(0.2)
    await asyncio.sleep(0.1)
asyncio.run(main())
"""


def test_a_stall_is_told_by_pings_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(without_proc, "reason", lambda _: "no /proc here")
    monkeypatch.setattr(Process, "tids", lambda _: [])
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    descriptor = channel.Ring.create()
    assert isinstance(descriptor, int)
    asked, ask = os.pipe()
    os.set_blocking(ask, False)
    agent = Agent(descriptor, ask)
    setting = {channel.VARIABLE: f"{descriptor},{asked},{os.getpid()}", "PYTHONPATH": str(STARTUP)}
    with subprocess.Popen([sys.executable, str(path)], env=os.environ | setting, pass_fds=(descriptor, asked)) as child:
        sampler = Sampler(child.pid, None, agent, threshold_ns=10_000_000, plain_threads=False)
        while child.poll() is None:
            sampler.tick()
            time.sleep(0.001)  # the sampler's own pace
        seen = sampler.finish()
    os.close(descriptor)
    os.close(asked)
    agent.close()
    assert seen.missing == ("no /proc here",)
    assert seen.findings == ()
    assert seen.loop is not None
    assert seen.loop.longest_ms >= 150


def test_a_process_that_may_be_watched_misses_nothing() -> None:
    assert without_proc.reason(os.getpid()) is None or not sys.platform.startswith("linux")
    assert without_proc.reason(1 << 22) is None or not sys.platform.startswith("linux")
