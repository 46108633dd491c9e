"""The observer against small programs on disk: what is guilty is found, in its place and line, and clean ones are not.

Each program under `programs/` declares in its header what must be found. Those marked `suite` run here with short
waits; `OBSERVE_ALL=1` runs all of them.
"""

from __future__ import annotations

import os
import time
from importlib.util import find_spec

import pytest

from compare.report.check import disagreements
from tests.observe.trial import PROGRAMS, Expected, contended_ms, observe, stolen_ms, took, was_starved

EVERY = bool(os.environ.get("OBSERVE_ALL"))
HOLD_S = "0.25" if EVERY else "0.15"
TRIES = 4
"""How often a program is run where a good part of its time was taken away: by the observer's account, the host's, or
the kernel's."""
STOLEN_MS = 30.0
CONTENDED = 0.5
"""In what part of the time somebody stands in line for a CPU on a machine that is busy with something else."""


def _cases() -> list[object]:
    found: list[object] = []
    for path in sorted(PROGRAMS.glob("*.py")):
        expected = Expected.read(path)
        if expected is not None and (EVERY or expected.suite):
            backends = expected.backends if EVERY else expected.suite
            lacks = expected.needs is not None and find_spec(expected.needs) is None
            marks = [pytest.mark.skip(f"{expected.needs} is not installed")] if lacks else []
            found += [
                pytest.param(expected, each, id=f"{path.stem}-{each or 'plain'}", marks=marks) for each in backends
            ]
    return found


@pytest.mark.parametrize(("expected", "backend"), _cases())
def test_what_a_program_is_guilty_of_is_found(
    expected: Expected, backend: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLD_S", HOLD_S)
    for _ in range(TRIES):
        began, stolen, contended = time.monotonic(), stolen_ms(), contended_ms()
        seen, output = observe(expected.path, *([backend] if backend else []))
        wrong = expected.judge(seen, took(output), scale=float(HOLD_S) / 0.25)
        wrong += disagreements(seen, untold_ms=25.0, rounding_ms=5.0)
        was_busy = contended_ms() - contended >= CONTENDED * (time.monotonic() - began) * 1e3
        if not wrong or not (was_busy or was_starved(seen) or stolen_ms() - stolen >= STOLEN_MS):
            break
    assert not wrong, seen.findings


def test_a_wait_for_one_call_that_keeps_the_gil_is_one_wait_and_told_whole() -> None:
    """The loop's thread wakes every five milliseconds to ask for it, and on a busy machine stands in line for that."""
    seen, output = observe(PROGRAMS / "gil_sum.py", "asyncio")
    longest = max(finding.longest_ms for finding in seen.findings if finding.place in {"gil", "kernel"})
    assert longest >= 0.7 * (took(output) or 0) > 0, seen.findings
