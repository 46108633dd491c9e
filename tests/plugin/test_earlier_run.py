"""A session's findings as JUnit's properties and as JSON, and the next one, which fails for what is new or longer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from compare.report.data.json import schema

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = """
import os, time
import anyio, pytest, tools

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.no_blocking(threshold_ms=20),
    pytest.mark.parametrize("anyio_backend", ["asyncio"]),
]

PAUSE = 0.1
tools.BLOCKS_S = 1.0  # on a busy machine it takes longer now and then, by less than a quarter of that

async def test_known():
    tools.waits()

"""
CLEAN = """
async def test_other():
    await anyio.sleep(0.05)
"""
WORSE = """
async def test_other():
    await anyio.sleep(0.05)
    time.sleep(PAUSE)
"""
KNOWN, OTHER = "test_known[asyncio]", "test_other[asyncio]"


def test_each_finding_is_a_property(inner: Callable[..., Any], pytester: pytest.Pytester) -> None:
    ran = inner(HEAD + CLEAN)
    assert ran.failed == {KNOWN}, ran.output
    cases = {case.attrib["name"]: case for case in ET.parse(pytester.path / "report.xml").iter("testcase")}
    told = [(each.attrib["name"], each.attrib["value"]) for each in cases[KNOWN].iter("property")]
    assert [name for name, _ in told] == ["no_blocking"]
    assert told[0][1].startswith("the loop waits in `read` for pipe ")
    assert "tools.py" in told[0][1]
    assert list(cases[OTHER].iter("property")) == []


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_what_is_known_fails_no_test_and_what_is_new_does(
    inner: Callable[..., Any], pytester: pytest.Pytester, workers: list[str]
) -> None:
    def run(text: str, *options: str) -> Any:
        return inner(HEAD + text, *workers, *options, plugins="anyio xdist")

    first = run(CLEAN, "--no-blocking-json", "old.json")
    assert first.failed == {KNOWN}, first.output
    written = json.loads(pytester.path.joinpath("old.json").read_text())
    jsonschema.validate(written, schema())
    assert [(run["variant"].partition("::")[2], run["outcome"]) for run in written["runs"]] == [
        (KNOWN, "failed"),
        (OTHER, "ok"),
    ]

    same = run(CLEAN, "--no-blocking-baseline", "old.json")
    assert same.failed == set(), same.output
    assert "no difference beyond noise" in same.output

    worse = run(WORSE, "--no-blocking-baseline", "old.json")
    assert worse.failed == {OTHER}, worse.output
    assert worse.line(OTHER) == "time.sleep(PAUSE)"
    assert "no_blocking: + new: " in worse.output

    gone = run(CLEAN, "--no-blocking-baseline", "old.json", "--no-blocking-json", "new.json")
    assert gone.failed == set()
    assert len(json.loads(pytester.path.joinpath("new.json").read_text())["runs"]) == 2


def test_what_is_longer_fails_and_what_is_gone_is_told(inner: Callable[..., Any]) -> None:
    assert inner(HEAD + WORSE, "--no-blocking-json", "old.json").failed == {KNOWN, OTHER}
    later = HEAD.replace("    tools.waits()", "    pass").replace("PAUSE = 0.1", "PAUSE = 0.4") + WORSE
    ran = inner(later, "--no-blocking-baseline", "old.json")
    assert ran.failed == {OTHER}, ran.output
    assert "no_blocking: - gone: " in ran.output
    assert "no_blocking: > longer: " in ran.output


def test_a_call_that_may_block_is_known_too(inner: Callable[..., Any]) -> None:
    text = HEAD.replace("tools.waits()", "os.listdir()")
    first = inner(text, "--no-blocking-strict", "--no-blocking-json", "old.json")
    assert first.failed == {KNOWN}, first.output
    same = inner(text, "--no-blocking-strict", "--no-blocking-baseline", "old.json")
    assert same.failed == set(), same.output
    more = inner(text + "    os.scandir().close()\n", "--no-blocking-strict", "--no-blocking-baseline", "old.json")
    assert more.failed == {KNOWN}
    assert "os.scandir" in more.failures[KNOWN]
    assert "`os.listdir`" not in more.failures[KNOWN]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--no-blocking-baseline", "nothing.json"), "--no-blocking-baseline nothing.json: No such file or directory"),
        (("--no-blocking-baseline", "tools.py"), "--no-blocking-baseline tools.py: expected JSON that"),
        (("--no-blocking-json", "no/where.json"), "--no-blocking-json no/where.json: expected a file in a folder"),
    ],
)
def test_a_mistake_is_one_line(inner: Callable[..., Any], options: tuple[str, str], told: str) -> None:
    ran = inner("def test_nothing(): pass", *options)
    assert ran.status == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: {told}" in ran.output
    assert "Traceback" not in ran.output
