"""Whatever a program calls its files, threads and lines: no output obeys it, computes it, or takes it for markup."""

from __future__ import annotations

import csv as standard_csv
import dataclasses
import io
import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from compare.report import failure
from compare.report.data.csv import findings_to_csv, to_csv
from compare.report.data.json import dumps, from_json
from compare.report.escape import FORMULA, ascii_json, cell, code_line, escaped, printable
from compare.report.page.html import to_html
from compare.report.page.recording import to_recordings
from compare.report.page.svg import side_by_side_svg
from compare.report.profiles.collapsed import to_collapsed
from compare.report.profiles.firefox import to_firefox
from compare.report.profiles.speedscope import to_speedscope
from compare.report.profiles.trace import to_trace
from compare.report.review import baseline
from compare.report.review.annotations import to_annotations
from compare.report.review.markdown import to_markdown
from compare.report.review.sarif import to_sarif
from compare.report.terminal import summary, table, timeline
from compare.results import Lane, Site, Span, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.results import Comparison, Observation

HOSTILE = (
    "\x1b]0;title\x07",
    "\x1b[2J",
    "[red]x[/red]",
    "[link=https://example.org]x",
    "</script><script>alert(1)</script>",
    "</style>",
    '"><img src=x onerror=alert(1)>',
    "=1+1",
    "@SUM(A1)",
    "+1",
    "-1",
    "a\nb\r\nc",
    "\u202eevil\u2066",
    "\u200b\ufeff",
    "|`x`|",
    "{{ 7 * 7 }}",
    "\udc80\ud800",
    "\x9b2J",
    "\u2028",
)
TEXTS = st.one_of(
    st.sampled_from(HOSTILE), st.text(max_size=20), st.binary(max_size=8).map(lambda it: it.decode("latin1"))
)

often = settings(max_examples=40)


def seen_with(texts: list[str], observe: Callable[..., Observation]) -> Observation:
    """A loop and a worker that wait, with these texts wherever a program's own words come in."""
    thread, target, file, function, code, task, missing = texts
    site = Site(f"/{file}", 21, function)
    spans = (Span(0, 40, "blocked", "read", target, site), Span(40, 60, "running"))
    seen = observe([Lane(thread, "loop", spans), Lane(f"{thread}2", "worker", spans)], 60.0)
    findings = tuple(
        dataclasses.replace(each, code=code, task=Task(task, function), stack=(site,)) for each in seen.findings
    )
    return dataclasses.replace(seen, findings=findings, missing=(missing,))


def terminal(draw: Callable[[], Any], width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(draw(), highlight=False, soft_wrap=True)
    return out.getvalue()


def forms(what: Comparison, width: int = 80) -> dict[str, str]:
    """Every output there is."""
    (run,) = what.runs
    assert run.observation is not None
    nothing = dataclasses.replace(run, observation=dataclasses.replace(run.observation, findings=()))
    before = dataclasses.replace(what, runs=(nothing,))
    return {
        "table": terminal(lambda: table.render(what, width), width),
        "timeline": terminal(lambda: timeline.render(what, width, color=False), width),
        "summary": summary.render(run, 10.0, width),
        "failure": failure.text(run.observation.findings, 10.0),
        "markdown": to_markdown(what),
        "csv": to_csv(what),
        "findings": findings_to_csv(what),
        "html": to_html(what, context=lambda site: [(site.line, site.function)]),
        "svg": side_by_side_svg(what.runs),
        "trace": json.dumps(to_trace(what)),
        "recording": json.dumps(to_recordings(what, lambda file: [file])),
        "speedscope": json.dumps(to_speedscope(what)),
        "firefox": json.dumps(to_firefox(what)),
        "collapsed": to_collapsed(what),
        "sarif": json.dumps(to_sarif(what)),
        "annotations": to_annotations(what),
        "baseline": baseline.render(before, what, baseline.differences(before, what)),
        "json": dumps(what, lanes=True),
    }


@often
@given(texts=st.lists(TEXTS, min_size=7, max_size=7), name=TEXTS, width=st.integers(40, 120))
@example(texts=["x"] * 7, name="⺀" * 30, width=118)  # two cells each
def test_nothing_in_any_output_can_be_obeyed(
    texts: list[str],
    name: str,
    width: int,
    observe: Callable[..., Observation],
    compare_seen: Callable[..., Comparison],
) -> None:
    what = compare_seen(seen_with(texts, observe), variant=name, verdict=name)
    for form, text in forms(what, width).items():
        odd = {char for char in text if not char.isprintable()} - {"\n", "\r"}
        assert not odd, form
        assert text.encode(), form
        if form in ("table", "timeline", "summary"):
            assert max(map(cell_len, text.split("\n"))) <= width, form


class Tags(HTMLParser):
    """Collects the names of a page's elements and attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep them."""
        self.found += [tag, *(name for name, _ in attrs)]


@often
@given(texts=st.lists(TEXTS.filter(str.strip), min_size=7, max_size=7), name=TEXTS.filter(str.strip))
def test_no_text_becomes_markup(
    texts: list[str], name: str, observe: Callable[..., Observation], compare_seen: Callable[..., Comparison]
) -> None:
    odd = forms(compare_seen(seen_with(texts, observe), variant=name, verdict=name))
    plain = forms(compare_seen(seen_with(["x"] * 7, observe), variant="x", verdict="x"))
    assert Tags(odd["html"]).found == Tags(plain["html"]).found
    assert set(Tags(odd["svg"]).found) <= {*Tags(plain["svg"]).found, "tspan", "dx"}
    for form in ("csv", "findings"):
        rows = [list(standard_csv.reader(io.StringIO(each[form], newline=""), strict=True)) for each in (odd, plain)]
        assert [len(row) for row in rows[0]] == [len(row) for row in rows[1]]
        figures = {column for row in rows[1] for column in row}
        assert all(column in figures or not column.startswith(FORMULA[:-1]) for row in rows[0] for column in row)


@often
@given(texts=st.lists(TEXTS, min_size=7, max_size=7))
def test_json_keeps_every_text_as_it_was(
    texts: list[str], observe: Callable[..., Observation], compare_seen: Callable[..., Comparison]
) -> None:
    what = compare_seen(seen_with(texts, observe), variant=texts[0])
    back = from_json(json.loads(dumps(what, lanes=True)))
    assert back.runs[0].observation == what.runs[0].observation


def test_markup_of_the_terminal_is_shown_as_it_is(
    observe: Callable[..., Observation], compare_seen: Callable[..., Comparison]
) -> None:
    what = compare_seen(seen_with(["[red]x"] * 7, observe), variant="[bold]own", verdict="[red]x")
    told = forms(what)
    assert "[bold]own" in told["table"]
    assert "[bold]own" in told["timeline"]
    assert "[red]x" in told["summary"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("plain ü 漢", "plain ü 漢"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\tb\n", r"a\tb\n"),
        ("\u202e", r"\u202e"),
        ("\udc80", r"\udc80"),
        ("\U000e0001", r"\U000e0001"),
    ],
)
def test_what_is_not_printable_becomes_its_escape(text: str, told: str) -> None:
    assert printable(text) == told


def test_tabs_of_code_are_blanks() -> None:
    assert code_line("\tfile.read()\n") == "    file.read()"


def test_a_cell_is_never_a_formula_and_figures_stay_figures() -> None:
    assert [cell("=1"), cell("-x"), cell("'x"), cell(-11), cell(1.5), cell(None)] == [
        "'=1",
        "'-x",
        "''x",
        -11,
        1.5,
        None,
    ]


def test_what_is_plain_is_not_copied(slow_files: Comparison) -> None:
    assert escaped(slow_files) is slow_files


def test_json_says_the_same_when_it_is_escaped() -> None:
    text = json.dumps({"\u202e\ud800\U000e0001é": "漢"}, ensure_ascii=False)
    assert json.loads(ascii_json(text)) == json.loads(text)
    assert ascii_json(text).isprintable()
    assert "é" in ascii_json(text)
