"""A table for pasting into an issue: GitHub-flavoured Markdown, the findings folded away below it.

Names come from somebody's program, so each stands in a code span: there GitHub neither formats, links nor mentions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from compare.report.axis import duration, groups, number
from compare.report.brief import Brief
from compare.report.escape import escaped, printable
from compare.report.gathered import Gathered, gather
from compare.report.groups import summarised
from compare.report.lanes import TIMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from compare.report.axis import Group
    from compare.results import Comparison, Run

HEADERS = (
    "variant",
    "backend",
    "outcome",
    "median",
    "per second",
    "p99",
    "CPU",
    "threads",
    "loop held",
    "where it waits",
)
NUMBERS = frozenset({"median", "per second", "p99", "CPU", "threads", "loop held"})


def to_markdown(comparison: Comparison) -> str:
    """One table a workload, its findings in a `details` block, and the machine in the last line."""
    comparison = escaped(comparison)
    parts = list(_summary(comparison))
    parts += [part for group in groups(comparison) for part in _group(group)]
    parts.append(
        f"{code(' '.join(comparison.command))}, Python {text(comparison.python)}, {text(comparison.platform)},"
        f" {comparison.cpus} CPUs, {text(comparison.started)}"
    )
    return "\n\n".join(parts) + "\n"


def _summary(comparison: Comparison) -> Iterator[str]:
    """The answer, and the same table as on the screen."""
    summary = summarised(comparison)
    if summary is None or not summary.groups:
        return
    brief = Brief(summary)
    yield text(" ".join(summary.answer))
    lines = [_line(["recipe", *map(text, brief.heads), "where"])]
    lines.append(_line(["---", *("---:" for _ in brief.heads), "---"]))
    for each in summary.groups:
        said = f": {text(each.sentence)}" if each.sentence else ""
        title = f"{brief.mark(each.group.key)} **{text(each.group.title)}**{said}".strip()
        lines.append(_line([title, *("" for _ in brief.heads), ""]))
        for row in each.rows:
            cells = [f"{text(cell.text)} {brief.mark(cell.key)}".strip() for cell in brief.cells(row)]
            lines.append(_line([code(row.name, table=True), *cells, text(brief.place(each, row))]))
    yield "\n".join(lines)
    yield text("; ".join(filter(None, (brief.titles(), brief.skipped()))))


def _group(group: Group) -> Iterator[str]:
    yield f"**{text(group.title)}**"
    rows = [_row(run) for run in group.runs]
    used = [at for at, name in enumerate(HEADERS) if at < 3 or any(row[at] for row in rows)]
    lines = [
        _line([HEADERS[at] for at in used]),
        _line(["---:" if HEADERS[at] in NUMBERS else "---" for at in used]),
        *(_line([row[at] for at in used]) for row in rows),
    ]
    yield "\n".join(lines)
    told = [line for run in group.runs for line in _findings(run)]
    if told:
        yield "<details><summary>Findings</summary>\n\n" + "\n".join(told) + "\n\n</details>"


def _row(run: Run) -> list[str]:
    loop = run.observation.loop if run.observation else None
    return [
        code(run.variant, table=True),
        run.backend or "",
        run.outcome,
        duration(run.seconds.median * 1000) if run.seconds else "",
        number(run.per_second) if run.per_second is not None else "",
        duration(run.latency_ms.p99) if run.latency_ms else "",
        duration((run.cpu_seconds.user + run.cpu_seconds.system) * 1000) if run.cpu_seconds else "",
        str(run.threads) if run.threads else "",
        duration(loop.total_ms) if loop else "",
        text("; ".join(dict.fromkeys(filter(None, (run.reason, run.verdict, *run.notes))))),
    ]


def _line(row: Sequence[str]) -> str:
    return "| " + " | ".join(row) + " |"


def _findings(run: Run) -> Iterator[str]:
    if run.observation and run.observation.findings:
        yield f"- {code(run.variant)}" + (f" on {run.backend}" if run.backend else "")
        for gathered in gather(run.observation.findings):
            yield f"  - {_finding(gathered)}"


def _finding(gathered: Gathered) -> str:
    finding, targets = gathered.first, gathered.targets
    parts = [f"**{finding.place}**" + (f" ({text(finding.kind)})" if finding.kind else "")]
    many = gathered.many
    parts.append(f"{many} {finding.role} threads" if many > 1 else f"{finding.role} thread {code(finding.thread)}")
    if finding.call:
        parts.append(f"in {code(finding.call)}")
    if finding.target:
        more = f" and {len(targets) - 1} more" if len(targets) > 1 else ""
        behind = finding.target.startswith("behind ")
        parts.append(text(finding.target) if behind else f"for {code(finding.target)}{more}")
    total, longest = duration(gathered.total_ms), duration(gathered.longest_ms)
    parts.append(f"{gathered.count}{TIMES}, {total} together, longest {longest}")
    if finding.site:
        parts.append(f"at {code(str(finding.site))}")
    if finding.code:
        parts.append(code(finding.code.strip()))
    return ", ".join(parts)


def code(words: str, *, table: bool = False) -> str:
    """A code span that holds any text: its fence is longer than any inside.

    In a table's cell a pipe needs a backslash, even here (GitHub Flavored Markdown Spec, 4.10); elsewhere it must not
    have one (6.3).
    """
    words = " ".join(printable(words).split()) or " "
    words = words.replace("|", r"\|") if table else words
    fence = "`" * (max((len(ticks) for ticks in re.findall("`+", words)), default=0) + 1)
    pad = " " if words.startswith("`") or words.endswith("`") else ""
    return f"{fence}{pad}{words}{pad}{fence}"


def text(words: str) -> str:
    """Plain words: whatever Markdown or HTML would take as a sign is escaped."""
    told = re.sub(r"([\\`*_{}\[\]|~#@])", r"\\\1", " ".join(printable(words).split()))
    return told.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
