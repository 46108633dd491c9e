"""CSV and Markdown, as somebody will paste them."""

from __future__ import annotations

import csv as standard_csv
import io
import re
from typing import TYPE_CHECKING

from compare.report.data.csv import findings_to_csv, to_csv
from compare.report.page.html import to_html
from compare.report.page.svg import side_by_side_svg
from compare.report.review.markdown import code, text, to_markdown
from compare.results import Lane, Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.results import Comparison, Observation


def test_csv_has_a_row_a_run_and_ends_lines_as_the_rfc_says(slow_files: Comparison) -> None:
    told = to_csv(slow_files)
    assert told.count("\r\n") == 6
    rows = list(standard_csv.DictReader(io.StringIO(told, newline="")))
    assert rows[1]["variant"] == "asyncio_aiofiles"
    assert rows[1]["libraries"] == "aiofiles 25.1.0"
    assert rows[0]["workload_files"] == "16"
    assert float(rows[0]["loop_total_ms"]) == 800


def test_markdown_is_a_table_with_findings_folded_away(slow_files: Comparison) -> None:
    told = to_markdown(slow_files)
    assert "| `asyncio_aiofiles` | asyncio | ok |" in told
    assert "<details><summary>Findings</summary>" in told
    assert "**loop-thread**, loop thread `MainThread`, in `read`" in told
    assert told.rstrip().endswith("Python 3.11.7, Linux-6.1.0-x86\\_64, 2 CPUs, 2026-03-01T10:00:00+00:00")


def test_markdown_leaves_out_columns_that_nobody_measured(slow_files: Comparison) -> None:
    assert "p99" not in to_markdown(slow_files)


def test_hostile_names_stay_words_in_markdown(hostile: Comparison) -> None:
    told = to_markdown(hostile)
    tables = [part.splitlines() for part in told.split("\n\n") if part.startswith("|")]
    assert len(tables) == 2
    assert all(len({line.replace("\\|", "").count("|") for line in table}) == 1 for table in tables)
    assert "<script>" not in re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", told)
    assert "\x1b" not in told


def test_code_spans_and_words_are_escaped() -> None:
    assert code("a`b``c") == "```a`b``c```"
    assert code("`") == "`` ` ``"
    assert code("a|b", table=True) == "`a\\|b`"
    assert text("<b>_x_ @me #1|") == "&lt;b&gt;\\_x\\_ \\@me \\#1\\|"


def test_a_path_that_is_no_utf_8_can_be_saved_in_every_form(
    observe: Callable[..., Observation], compare_seen: Callable[..., Comparison]
) -> None:
    name = "/tmp/\udc80"
    seen = observe([Lane(name, "worker", (Span(0, 20, "blocked", "read", name),))], 20)
    what = compare_seen(seen, variant=name, verdict=name)
    assert "/tmp/\\udc80" in to_csv(what)
    forms = (to_csv(what), findings_to_csv(what), to_markdown(what), to_html(what), side_by_side_svg(what.runs))
    assert all(form.encode() for form in forms)
