"""`python -m tests.observe.judge.record PROGRAM FILE [ARG ...]`: record what the sampler tells a judge of a real run.

Writes what `story.replay` reads: the calls in order, each stack once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.observe.agent import channel
from compare.observe.interpreter.calibration import calibrate
from compare.observe.judge.segments import Segment
from compare.observe.sampler.agents import Agent
from compare.observe.sampler.sampler import Sampler
from compare.scenarios.script.inherited import STARTUP

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.observe.interpreter.views import View
    from compare.observe.judge.judge import Judge
    from compare.observe.sampler.probe import Probe
    from compare.results import Site

TOLD = frozenset(
    {
        "segment",
        "held_from",
        "kept",
        "goes_on",
        "turned",
        "loop_runs",
        "loop_ends",
        "is_worker",
        "thread_ends",
        "names",
        "hide",
    }
)
"""Calls that carry nothing but numbers, names and segments; lines for a pool are not recorded."""

SEEN = (
    "mine", "loop", "own", "step", "task", "turn", "library", "pool", "imports", "top", "anchor", "frames",
)  # fmt: skip
"""What of a stack is recorded: not its frames' code, which names files of this machine."""
LEFT_OUT = frozenset({"view", "holders", "kept_at", "collectors", "work", "target", "collecting"})


class Recorder:
    """Stands before a judge, and writes down what it is told."""

    def __init__(self, judge: Judge, probe: Probe) -> None:
        """Hand everything on to `judge`."""
        self._judge, self._probe = judge, probe
        self.calls: list[Any] = []
        self.views: dict[View, int] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return the judge's own method, which is noted when it is called."""

        def tell(*args: Any, **kwargs: Any) -> Any:
            if name in TOLD:
                self._note(name, args, kwargs)
            return getattr(self._judge, name)(*args, **kwargs)

        return tell

    def _note(self, name: str, args: Any, kwargs: Any) -> None:
        if name != "segment":
            self.calls.append([name, list(args), kwargs])
            return
        pid, tid, segment = args
        if (stat := self._probe.stat(pid, tid)) is not None:
            self.calls.append(["stat", [pid, tid, *asdict(stat).values()], {}])
        self.calls.append([name, [pid, tid, self._packed(segment)], {}])

    def _packed(self, segment: Segment) -> dict[str, Any]:
        packed: dict[str, Any] = {}
        for each in fields(Segment):
            value = getattr(segment, each.name)
            if each.name not in LEFT_OUT and (each.default is MISSING or value != each.default):
                packed[each.name] = value
        if segment.view is not None:
            packed["view"] = self.views.setdefault(segment.view, len(self.views))
        packed["holders"] = [(tid, call, _site(site), times) for (tid, call, site), times in segment.holders.items()]
        return packed


def record(command: list[str]) -> dict[str, Any]:
    """Run a program under a sampler in this process; returns what its judge was told."""
    descriptor, (asked, ask) = channel.Ring.create(), os.pipe()
    assert isinstance(descriptor, int)
    os.set_blocking(ask, False)

    layout = calibrate()
    setting = {channel.VARIABLE: f"{descriptor},{asked},{os.getpid()}", "PYTHONPATH": str(STARTUP)}
    with subprocess.Popen(command, env=os.environ | setting, pass_fds=(descriptor, asked)) as child:
        began = time.monotonic_ns()
        agent = Agent(descriptor, ask)
        sampler = Sampler(child.pid, layout, agent, threshold_ns=10_000_000, plain_threads=False)
        recorder: Any = Recorder(sampler.judge, sampler.probe)
        for process in sampler._processes.values():
            process.judge = recorder
        sampler.judge = recorder
        while child.poll() is None:
            sampler.tick()
            time.sleep(0.001)  # the sampler's own pace
        sampler.finish()
    views = [{name: getattr(view, name) for name in SEEN} | {"site": _site(view.site)} for view in recorder.views]
    return {
        "pid": child.pid, "began": began, "ended": time.monotonic_ns(), "views": views, "calls": recorder.calls
    }  # fmt: skip


def _site(site: Site | None) -> list[Any] | None:
    """A line without its folder: nothing of the machine is written down."""
    return [Path(site.file).name, site.line, site.function] if site else None


def main() -> None:
    """See the module."""
    program, file, *arguments = sys.argv[1:]
    Path(file).write_text(json.dumps(record([sys.executable, program, *arguments]), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
