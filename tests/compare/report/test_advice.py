"""A finding in a sentence: whose line it names, and what it says where there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compare.report.advice import way_out, what
from compare.results import Finding, Site, Task

MINE = Site("/home/x/app.py", 21, "report")
THEIRS = Site("/usr/lib/json/encoder.py", 261, "JSONEncoder.iterencode", "library")
COMPUTES = Finding("busy-cpu", "compute", "MainThread", "loop", None, None, MINE, "x", 1, 300.0, 300.0)
COLLECTS = replace(COMPUTES, kind="gc", target="generation 2", site=None, code=None, count=12)
SLEEPS = replace(COMPUTES, place="loop-thread", kind=None, call="clock_nanosleep")


@pytest.mark.parametrize(
    ("finding", "begins"),
    [
        (COMPUTES, "the loop computes at /home/x/app.py:21: "),
        (
            replace(COMPUTES, site=THEIRS, task=Task(None, "json.dumps")),
            "the loop computes in a callback of json.dumps at /usr/lib/json/encoder.py:261, the library's own line: ",
        ),
        (
            replace(SLEEPS, site=None, task=Task(None, "time.sleep")),
            "the loop waits in `clock_nanosleep` in a callback of time.sleep, at no line of yours: ",
        ),
        (replace(SLEEPS, site=None), "the loop waits in `clock_nanosleep`, at no line of yours: "),
        (COLLECTS, "the loop collects garbage (generation 2), 12 times: keep fewer objects"),
        (replace(COLLECTS, target=None, count=1, site=MINE), "the loop collects garbage at /home/x/app.py:21: "),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_whose_line_it_is_is_said(finding: Finding, begins: str) -> None:
    assert f"{what(finding)}: {way_out(finding)}".startswith(begins)
