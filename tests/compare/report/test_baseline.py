"""What changed since an earlier run: by line, and more than noise."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from compare.observe.started.server import AWAY
from compare.report.data.json import dumps
from compare.report.review.baseline import differences, read, render
from compare.report.review.given_json import UnreadableError
from compare.results import Comparison, Finding, Observation, Run, Site

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def finding(total_ms: float, line: int = 7, code: str | None = "os.read(fd, 1)", **changed: Any) -> Finding:
    site = Site("/project/src/app.py", line, "blocking_read")
    told: dict[str, Any] = {
        "place": "loop-thread",
        "kind": None,
        "thread": "MainThread",
        "role": "loop",
        "call": "read",
        "target": None,
        "site": site,
        "code": code,
        "count": 1,
        "total_ms": total_ms,
        "longest_ms": total_ms,
    }
    return Finding(**{**told, **changed})


def run_of(*findings: Finding) -> Comparison:
    seen = Observation(findings, None, (), 1, 500.0)
    run = Run("script", {"threshold_ms": 10.0}, "app.py", None, None, {}, "ok", observation=seen)
    return Comparison(("compare",), "3.13.0", "Linux", 2, "2026-01-01T00:00:00+00:00", (run,))


def changes(before: Comparison, after: Comparison) -> list[tuple[str, float, float]]:
    return [(each.change, each.was_ms, each.now_ms) for each in differences(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], [finding(30)], [("new", 0, 30)]),
        ([finding(30)], [], [("gone", 30, 0)]),
        ([finding(100)], [finding(300)], [("longer", 100, 300)]),
        ([finding(300)], [finding(100)], [("shorter", 300, 100)]),
        ([finding(100)], [finding(118)], []),
        ([], [finding(16)], []),
        ([finding(100)], [finding(100, line=90)], []),
        ([finding(100, code=None)], [finding(100, line=90, code=None)], [("gone", 100, 0), ("new", 0, 100)]),
        ([finding(100)], [finding(100, place="gil", call=None)], []),
        ([finding(100)], [finding(100, place="worker-thread", role="worker")], [("gone", 100, 0), ("new", 0, 100)]),
        ([], [finding(400, place="kernel", kind="starved", site=None)], []),
        ([finding(400, count=10, longest_ms=130)], [finding(700, count=10, longest_ms=160)], []),
    ],
    ids=[
        *("new", "gone", "longer", "shorter", "a quarter is noise", "near the threshold", "the line has moved"),
        *("another line without its code", "another place of the loop's", "from the loop to a thread"),
        *("no fault of the program's", "scattered waits"),
    ],
)
def test_what_counts(before: list[Finding], after: list[Finding], expected: list[tuple[str, float, float]]) -> None:
    assert sorted(changes(run_of(*before), run_of(*after))) == sorted(expected)


def test_one_line_a_difference_below_one_that_counts_them() -> None:
    before = run_of(finding(100))
    after = run_of(finding(300), finding(30, line=9, code="other()"))
    told = render(before, after, differences(before, after)).splitlines()
    assert told[0] == "Since 2026-01-01T00:00:00+00:00 (Python 3.13.0): 1 new, 0 gone, 1 longer, 0 shorter"
    assert told[1].startswith("> longer: the loop waits in `read` at ")
    assert told[1].endswith("(300 ms, was 100 ms)")
    assert told[2].startswith("+ new: ")
    assert "no difference beyond noise" in render(before, before, [])


def test_what_was_seen_in_part_is_no_measure() -> None:
    whole = run_of(finding(100), finding(50, line=9, code="other()"))
    seen = Observation((finding(300),), None, (), 1, 500.0, (AWAY,))
    part = replace(whole, runs=(replace(whole.runs[0], observation=seen),))
    assert changes(whole, part) == [("longer", 100, 300)]
    assert "? gone, shorter: not told where this run did not see the whole" in render(whole, part, [])
    assert changes(part, whole) == [("shorter", 300, 100), ("new", 0, 50)]
    assert "? longer: not told where the earlier run did not see the whole" in render(part, whole, [])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "not what is in line 1"),
        (b"[]", "not other JSON"),
        (b'{"schema": 99}', "schema"),
        (b"\xff", "bytes that are no text"),
        (b'{"schema": 2}', "not other JSON"),
    ],
)
def test_what_is_no_baseline_is_told_in_one_line(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "old.json"
    path.write_bytes(content)
    with pytest.raises(UnreadableError) as told:
        read(str(path))
    assert says in str(told.value)
    assert "\n" not in str(told.value)


def test_none_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"run once with --json"):
        read(str(tmp_path / "missing.json"))


def test_what_was_written_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text(dumps(run_of(finding(100))))
    assert changes(read(str(path)), run_of(finding(100))) == []


PROGRAM = """
import asyncio, os, sys, threading
def wait_for(ms):
    r, w = os.pipe()
    threading.Timer(ms / 1000, os.close, [w]).start()
    return r
def planted(fd):
    os.read(fd, 1)
async def main():
    await asyncio.sleep(0.02)
    if len(sys.argv) > 1:
        planted(wait_for(int(sys.argv[1])))
    await asyncio.sleep(0.02)
asyncio.run(main())
"""


def test_a_planted_wait_is_new_and_ends_the_run_with_3(tmp_path: Path, run_compare: Callable[..., Any]) -> None:
    (tmp_path / "app.py").write_text(PROGRAM)
    watch = ("script", "--baseline", "old.json", "--annotations", "--sarif", "new.sarif")
    assert run_compare("script", "--json", "old.json", "app.py", cwd=tmp_path).returncode == 0
    same = run_compare(*watch, "--fail-on", "new:loop-thread", "app.py", cwd=tmp_path)
    assert same.returncode == 0, same.stderr
    planted = run_compare(*watch, "--fail-on", "new:loop-thread", "app.py", "200", cwd=tmp_path)
    assert planted.returncode == 3, planted.stderr
    assert "+ new: the loop waits in `read`" in planted.stderr
    assert "::warning file=app.py,line=8,title=the event loop is blocked::" in planted.stderr
    results = json.loads((tmp_path / "new.sarif").read_text())["runs"][0]["results"]
    where = [each["locations"][0]["physicalLocation"] for each in results if each["ruleId"] == "loop-thread"]
    assert {
        "artifactLocation": {"uri": "app.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 8},
    } in where


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--baseline", "missing.json", "app.py"), "run once with --json missing.json"),
        (("--fail-on", "new", "app.py"), "goes with --baseline FILE"),
        (("--fail-on", "new:moon", "app.py"), "must be any, new, new:PLACE"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    tmp_path: Path, run_compare: Callable[..., Any], arguments: tuple[str, ...], says: str
) -> None:
    done = run_compare("script", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
