from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compare.report.escape import printable
from compare.report.page.html import to_html
from compare.report.page.source import lines_around
from compare.results import Finding, Lane, Observation, Site, Span, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from compare.results import Comparison


class _Page(HTMLParser):
    """What a browser would make of it: elements, attributes, and the text of each script and style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[tuple[str, str]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem in {"script", "style"}:  # a title is one too, from Python 3.14 on
            self.raw.append((self.cdata_elem, data))
        else:
            self.words += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)

    def data(self) -> dict[str, Any]:
        told = (json.loads(text) for tag, text in self.raw if tag == "script" and text.startswith("{"))
        found: dict[str, Any] = next(each for each in told if "groups" in each)
        return found


def _context(site: Site) -> Sequence[tuple[int, str]]:
    return [(site.line - 1, "with open(path) as file:"), (site.line, "    <the line>"), (site.line + 1, "")]


def test_the_page_reads_without_a_script(slow_files: Comparison) -> None:
    page = _Page(to_html(slow_files, context=_context))
    assert page.count("tr") > 5
    for words in ("asyncio_aiofiles", "6 workers wait in read", "pool-queue", "<the line>", "Linux-6.1.0-x86_64"):
        assert words in page.words


def test_every_column_is_sorted_by_a_button_that_says_its_order(slow_files: Comparison) -> None:
    text = to_html(slow_files)
    headers = re.findall(r'<th scope="col" role="columnheader".*?aria-sort="none"><button type="button"', text)
    assert len(headers) == 11


def test_alike_findings_are_one_with_their_sum(slow_files: Comparison) -> None:
    page = _Page(to_html(slow_files))
    assert sum("data-kind" in attributes for tag, attributes in page.elements if tag == "li") == 5
    assert "800 ms in 16 waits" in page.words


def test_the_page_can_reach_nothing_and_runs_only_what_is_ours(slow_files: Comparison) -> None:
    page = _Page(to_html(slow_files))
    policy = next(str(attributes["content"]) for _, attributes in page.elements if "http-equiv" in attributes)
    assert policy.startswith("default-src 'none';")
    for tag, text in page.raw:
        if not text.startswith("{"):
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy
    addresses = [attributes.get(name) for _, attributes in page.elements for name in ("src", "href", "action")]
    assert all(address is None or address.startswith(("#", "data:")) for address in addresses)


def _assert_inert(page: _Page) -> None:
    assert page.count("script") in {2, 3}  # with lanes there is the player's data, too
    assert page.count("style") == 1
    assert page.count("img") == 0
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert not [attributes for _, attributes in page.elements if "style" in attributes]


def test_hostile_names_stay_words(hostile: Comparison) -> None:
    page = _Page(to_html(hostile, context=lambda site: [(site.line, "</pre><script>alert(3)</script>")]))
    _assert_inert(page)
    run = page.data()["groups"][0]["runs"][0]
    assert run["name"] == printable(hostile.runs[0].variant)
    assert "</pre><script>alert(3)</script>" in page.words


@settings(max_examples=15)
@given(names=st.lists(st.text(max_size=20), min_size=5, max_size=5))
def test_any_name_comes_through_printable(
    names: list[str], observe: Callable[..., Observation], compare_seen: Callable[..., Comparison]
) -> None:
    variant, thread, call, target, verdict = names
    span = Span(0, 20, "blocked", call, target, Site(target, 21, thread))
    seen = observe([Lane(thread, "worker", (span,))], 20)
    page = _Page(to_html(compare_seen(seen, variant=variant, verdict=verdict)))
    _assert_inert(page)
    data = page.data()
    assert data["groups"][0]["runs"][0]["name"] == printable(variant)
    assert data["groups"][0]["runs"][0]["lanes"][0][2] == printable(thread)
    assert [kind[1:3] for kind in data["kinds"]] == [[printable(call), printable(target)]]


def test_a_finding_has_its_stack_folded_and_its_task(compare_seen: Callable[..., Comparison]) -> None:
    mine = Site("/app.py", 21, "report")
    theirs = Site("/lib/json/encoder.py", 261, "JSONEncoder.iterencode", "library")
    computes = Finding("busy-cpu", "compute", "MainThread", "loop", None, None, mine, "x", 1, 300.0, 300.0)
    told = replace(computes, task=Task("Task-3", "report"), stack=(theirs, mine))
    page = _Page(to_html(compare_seen(Observation((told,), None, (), 1, 1000.0))))
    assert any(attributes.get("class") == "stack" for tag, attributes in page.elements if tag == "details")
    assert "The stack in the longest, task Task-3 (report)" in page.words
    assert f"{theirs}\n{mine}" in page.words
    hits = [attributes for _, attributes in page.elements if attributes.get("class") == "line hit"]
    assert len(hits) == 2  # the site, and the stack's own


def test_collections_are_told_with_their_generation(compare_seen: Callable[..., Comparison]) -> None:
    collects = Finding("busy-cpu", "gc", "MainThread", "loop", None, "generation 2", None, None, 12, 900.0, 90.0)
    page = _Page(to_html(compare_seen(Observation((collects,), None, (), 1, 1000.0))))
    assert "busy-cpu gc (generation 2)" in page.words
    assert "900 ms in 12 waits" in page.words


def test_twenty_variants_in_three_states_stay_small(many: Comparison) -> None:
    assert len(to_html(many, context=_context).encode()) < 2 * 2**20


def test_more_spans_than_a_page_holds_are_told_more_coarsely(many: Comparison, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compare.report.page.encoded.SPANS", 20_000)
    monkeypatch.setattr("compare.report.page.encoded.COARSEST", 10)
    data = _Page(to_html(many)).data()
    assert sum(len(lane[4]) / 2 for group in data["groups"] for run in group["runs"] for lane in run["lanes"]) <= 20_000
    for group in data["groups"]:
        for run in group["runs"]:
            assert {sum(lane[4][::2]) for lane in run["lanes"]} == {group["us"]}


def test_nothing_observed_is_still_a_page(compare_seen: Callable[..., Comparison]) -> None:
    page = _Page(to_html(compare_seen()))
    assert "Nothing waited" in page.words


def test_the_code_around_a_line_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    path.write_text("".join(f"line {number}\n" for number in range(1, 6)), "utf-8")
    assert lines_around(Site(str(path), 2, "f")) == [(number, f"line {number}") for number in range(1, 6)]
    assert lines_around(Site(str(path), 99, "f")) == []
    assert lines_around(Site("<string>", 2, "f")) == []


@pytest.mark.parametrize("name", ["report.html", "report.css", "report.js"])
def test_templates_name_no_address(name: str) -> None:
    path = Path(__file__).parents[3] / "compare" / "report" / "page" / "templates" / name
    addresses = re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"']*", path.read_text("utf-8"))
    assert [address for address in addresses if address != "http://www.w3.org/2000/svg"] == []
