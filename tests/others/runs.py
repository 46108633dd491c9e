"""Runs a suite once, plain or with us, and reads what came of each test."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.others.suites import Suite

Way = Literal["plain", "observed", "plugin"]
WAYS: tuple[Way, ...] = ("plain", "observed", "plugin")
TOO_HIGH_MS = 10_000_000
"""A threshold that nothing reaches."""
QUIET_S = 1.0


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended: its exit status (negative: by a signal; `None`: not within the limit), and each test's outcome.

    The outcomes of several tests of one name are joined.
    """

    status: int | None
    outcomes: Mapping[str, str] = field(default_factory=dict)

    def totals(self) -> str:
        """Return how often there was each outcome, in words."""
        counted = Counter(word for outcome in self.outcomes.values() for word in outcome.split("+"))
        return ", ".join(f"{count} {outcome}" for outcome, count in sorted(counted.items())) or "no test was told of"


def applies(suite: Suite, way: Way) -> bool:
    """Whether a suite can be run so."""
    return not (suite.is_cpythons and way == "plugin")


def command(suite: Suite, way: Way, python: Path, report: Path) -> list[str]:
    """Return what runs a suite."""
    start = [str(python.parent / "async-io-cookbook"), "script"] if way == "observed" else [str(python)]
    if suite.is_cpythons:
        return [*start, "-m", "test", "--junit-xml", str(report), *suite.arguments]
    ours = [f"--no-blocking={TOO_HIGH_MS}"] if way == "plugin" else ["-p", "no:no_blocking"]
    told = [f"--junitxml={report}", "-o", "junit_family=xunit1", "-p", "no:cacheprovider", "-q"]
    return [*start, "-m", "pytest", *told, *ours, *suite.arguments]


def run(suite: Suite, way: Way, python: Path, folder: Path, *, limit: float, log: Path) -> Ran:
    """Run a suite once.

    Args:
        suite: which.
        way: how.
        python: of the environment.
        folder: to run it in.
        limit: in seconds; what takes longer is killed, with all that it started.
        log: where its output goes.
    """
    with tempfile.TemporaryDirectory() as scratch, log.open("wb") as output:
        report = Path(scratch, "report.xml")
        process = subprocess.Popen(
            command(suite, way, python, report), cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True, env=_environment(python),
        )  # fmt: skip
        try:
            status: int | None = process.wait(limit)
        except subprocess.TimeoutExpired:
            status = None
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return Ran(status, _outcomes(report) if report.exists() else {})


def _environment(python: Path) -> dict[str, str]:
    left_out = ("PYTEST_", "PYTHON", "COV_", "COVERAGE_", "COMPARE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return {**kept, "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def _outcomes(report: Path) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for case in ET.parse(report).iter("testcase"):
        name = ".".join(filter(None, (case.get("classname"), case.get("name"))))
        words = sorted({child.tag for child in case} & {"failure", "error", "skipped"})
        found.setdefault(name, []).append("+".join(words) or "passed")
    return {name: "+".join(sorted(outcomes)) for name, outcomes in found.items()}
