"""What the tests of a session waited for, as JSON for the next one; and what of it an earlier session knew already.

With `--no-blocking-baseline FILE` a test fails for what is new in it, or takes longer, and not for what the earlier
session's `--no-blocking-json` has: a project begins with what it has, and gets no worse. A test that the earlier
session did not have is held to everything.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ..report.data.json_rows import from_json, without_groups
from ..report.escape import ascii_json
from ..report.review import baseline
from ..results import Comparison, Finding, Observation, Run
from .settings import BASELINE_OPTION, JSON_OPTION, MARKER

if TYPE_CHECKING:
    from ..observe.in_process.window import Window
    from ..results import MayBlock


class Runs:
    """One row for each test that was observed; kept where a file of them is asked for, or an earlier one is given."""

    def __init__(self, config: pytest.Config) -> None:
        """Read the earlier session.

        Raises:
            pytest.UsageError: it can't be read.
        """
        self._file: str | None = config.option.no_blocking_json
        self._before = earlier(config)
        self._known = {run.variant: run for run in self._before.runs} if self._before is not None else {}
        self._command = ("pytest", *map(str, config.invocation_params.args))
        self._started = dt.datetime.now(dt.UTC).astimezone().isoformat(timespec="seconds")
        self._runs: dict[str, Run] = {}
        self._trouble = ""

    def counted(
        self, test: str, window: Window, threshold_ms: float, found: list[Finding], calls: list[MayBlock]
    ) -> tuple[list[Finding], list[MayBlock]]:
        """Keep what was found in a test, and return what of it the test is to fail for."""
        if self._file is None and self._before is None:
            return found, calls
        seen = Observation((*found, *map(_as_finding, calls)), None, (), 0, window.duration_ms, window.missing)
        outcome: Any = "failed" if seen.findings else "ok"
        now = Run("pytest", {"threshold_ms": threshold_ms}, test, None, None, {}, outcome, observation=seen)
        self._runs[test] = now
        before = self._known.get(test)
        if before is None or before.observation is None:
            return found, calls
        worse = baseline.worse(before, now)
        return [each for each in found if worse(each)], [each for each in calls if worse(_as_finding(each))]

    def packed(self) -> str:
        """Return it as what xdist can send."""
        return json.dumps(without_groups(self._comparison())) if self._runs else ""

    def unpack(self, packed: str) -> None:
        """Take in what a worker sent."""
        if packed:
            self._runs.update({run.variant: run for run in from_json(json.loads(packed)).runs})

    def write(self) -> None:
        """Write the file that was asked for; a full disk is told at the end."""
        if self._file is not None:
            text = ascii_json(json.dumps(without_groups(self._comparison()), indent=1, ensure_ascii=False))
            try:
                Path(self._file).write_text(text + "\n", "utf-8")
            except OSError as error:
                self._trouble = f"{JSON_OPTION} {self._file}: {error.strerror}"

    def summarize(self, reporter: pytest.TerminalReporter) -> None:
        """Say what changed since the earlier session, and what could not be written."""
        if self._trouble:
            reporter.write_line(self._trouble, red=True)
        if self._before is not None:
            now = self._comparison()
            for line in baseline.render(self._before, now, baseline.differences(self._before, now)).splitlines():
                reporter.write_line(f"{MARKER}: {line}")

    def _comparison(self) -> Comparison:
        cpus = os.cpu_count() or 1
        if sys.platform == "linux" and hasattr(os, "sched_getaffinity"):
            cpus = len(os.sched_getaffinity(0))
        runs = tuple(run for _, run in sorted(self._runs.items()))
        return Comparison(self._command, platform.python_version(), platform.platform(), cpus, self._started, runs)


def check(config: pytest.Config) -> None:
    """Refuse what can't be read or written while it costs nothing.

    Raises:
        pytest.UsageError: one line.
    """
    earlier(config)
    name: str | None = config.option.no_blocking_json
    if name is not None and (Path(name).is_dir() or not Path(name).absolute().parent.is_dir()):
        message = f"{JSON_OPTION} {name}: expected a file in a folder that is there"
        raise pytest.UsageError(message)


def earlier(config: pytest.Config) -> Comparison | None:
    """Return the earlier session, if one is given.

    Raises:
        pytest.UsageError: it can't be read; one line.
    """
    name: str | None = config.option.no_blocking_baseline
    if name is None:
        return None
    try:
        return baseline.read(name, option=BASELINE_OPTION, written_by=JSON_OPTION)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None


def _as_finding(call: MayBlock) -> Finding:
    """A call that may block, as a wait that took no time."""
    return Finding(
        "loop-thread", None, "", "loop", call.call, call.target, call.site, call.code, call.count, 0.0, 0.0
    )  # fmt: skip
