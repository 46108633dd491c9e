"""One page that holds everything: the lanes to zoom into, the table to sort, the findings with their code.

It is self-contained and its content security policy forbids the network, so it can be mailed, archived and opened
from a disk. The table and the findings are plain HTML that reads without JavaScript; the lanes are drawn by a script
from compact data, so that twenty variants in three states stay below 2 MiB.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import DictLoader, Environment, StrictUndefined, select_autoescape
from jinja2.utils import htmlsafe_json_dumps

from compare.report.axis import duration, groups, number, observed_ms
from compare.report.brief import Brief
from compare.report.check import STATES
from compare.report.escape import code_line, escaped
from compare.report.gathered import Gathered, gather
from compare.report.groups import summarised
from compare.report.page import player
from compare.report.page.encoded import Encoded
from compare.report.page.paint import textures, variables
from compare.report.page.recording import no_code, to_recordings
from compare.report.states import LOOKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from compare.report.page.recording import Code
    from compare.results import Comparison, Finding, Run, Site, State

    Context = Callable[[Site], Sequence[tuple[int, str]]]

FINDINGS, ALIKE = 20, 12
"""How many of one run are told, and of how many threads and targets in each; the rest are counted."""


def no_context(site: Site) -> Sequence[tuple[int, str]]:  # noqa: ARG001  one shape with those that look
    """The default: findings show their own line alone. `source.lines_around` reads more from disk."""
    return ()


def to_html(comparison: Comparison, *, context: Context = no_context, code: Code = no_code) -> str:
    """Make the page.

    Args:
        comparison: what was measured.
        context: the numbered lines of code around a site, or none; a report reads no file by itself.
        code: the lines of a file, or none, for the player.

    Returns:
        A whole HTML document, to be saved as UTF-8.
    """
    recordings = to_recordings(comparison, code)
    sites = {escaped(site): site for site in _sites(comparison)}
    comparison = escaped(comparison)
    found = groups(comparison)
    data = Encoded(sum(len(run.observation.lanes) for run in comparison.runs if run.observation))
    told = [data.group(group) for group in found]
    rows = [_Row(run, at, group.short) for at, (group, run) in enumerate((g, run) for g in found for run in g.runs)]
    style = f":root{{{variables('light')}}}{_themes()}{_template('report.css')}{_state_rules()}{player.style()}"
    script = f"{_template('report.js')}\n{player.script()}"
    page = _environment().get_template("report.html")
    summary = summarised(comparison)
    text = page.render(
        comparison=comparison,
        groups=found,
        summary=summary,
        brief=Brief(summary) if summary else None,
        rows=rows,
        findings=[_findings(row, data, lambda site: context(sites[site])) for row in rows],
        columns=[column for column in COLUMNS if _worth_showing(column, rows, len(found))],
        style=style,
        script=script,
        textures=textures("texture"),
        player=player.element([recordings], choose=True) if recordings["runs"] else None,
        legend=[(state, look) for state, look in LOOKS.items() if state in data.seen],
        data=_json({"groups": told, **data.shared()}),
        policy=_policy(style, script),
    )
    return str(text)


def _sites(comparison: Comparison) -> Iterator[Site]:
    """Where code is read from: by the names that the files have, not those that are shown."""
    for run in comparison.runs:
        yield from (finding.site for finding in (run.observation.findings if run.observation else ()) if finding.site)


def _policy(style: str, script: str) -> str:
    """Nothing from outside, and inside only the very style and script that are ours."""
    return (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _themes() -> str:
    return (
        f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{variables('dark')}}}}}"
        f"@media screen{{:root[data-theme=dark]{{{variables('dark')}}}}}"
    )


def _state_rules() -> str:
    return "".join(f".s-{state}{{fill:var(--{state});background-color:var(--{state})}}" for state in LOOKS)


def _template(name: str) -> str:
    return (files("compare.report.page") / "templates" / name).read_text("utf-8")


def _environment() -> Environment:
    environment = Environment(
        loader=DictLoader({"report.html": _template("report.html")}),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["ms"] = duration
    environment.filters["number"] = number
    return environment


def _json(data: Any) -> Any:
    return htmlsafe_json_dumps(data, dumps=partial(json.dumps, separators=(",", ":")))


@dataclass(frozen=True, slots=True)
class _Told:
    """Findings as the page shows them; `others` are those that differ only in thread or target."""

    all: Gathered
    finding: Finding
    others: Sequence[Finding]
    number: int
    state: State
    kind: int
    lines: Sequence[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class _Row:
    """A run as the page shows it; `cells` are what is read and what it is sorted by."""

    run: Run
    number: int
    workload: str
    cells: dict[str, tuple[str, str | float | None]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cells", _cells(self.run, self.workload))

    @property
    def name(self) -> str:
        return f"{self.run.variant} on {self.run.backend}" if self.run.backend else self.run.variant

    @property
    def observed(self) -> str:
        return duration(observed_ms(self.run))


COLUMNS = (
    ("variant", False),
    ("backend", False),
    ("workload", False),
    ("outcome", False),
    ("median", True),
    ("per second", True),
    ("p50", True),
    ("p99", True),
    ("CPU", True),
    ("threads", True),
    ("MiB", True),
    ("loop held", True),
    ("longest", True),
    ("where it waits", False),
)
"""The table's columns, and whether each holds numbers."""


def _cells(run: Run, workload: str) -> dict[str, tuple[str, str | float | None]]:
    loop = run.observation.loop if run.observation else None
    cpu = run.cpu_seconds
    measured: dict[str, float | None] = {
        "median": run.seconds.median * 1000 if run.seconds else None,
        "p50": run.latency_ms.p50 if run.latency_ms else None,
        "p99": run.latency_ms.p99 if run.latency_ms else None,
        "CPU": (cpu.user + cpu.system) * 1000 if cpu else None,
        "loop held": loop.total_ms if loop else None,
        "longest": loop.longest_ms if loop else None,
    }
    said = "; ".join(dict.fromkeys(filter(None, (run.reason, run.verdict, *run.notes))))
    cells: dict[str, tuple[str, str | float | None]] = {
        "variant": (run.variant, run.variant),
        "backend": (run.backend or "", run.backend or ""),
        "workload": (workload, workload),
        "outcome": (run.outcome, run.outcome),
        "per second": ("" if run.per_second is None else number(run.per_second), run.per_second),
        "threads": (str(run.threads) if run.threads else "", run.threads or None),
        "MiB": (number(run.rss_mib) if run.rss_mib else "", run.rss_mib or None),
        "where it waits": (said, said),
    }
    cells.update({name: ("" if ms is None else duration(ms), ms) for name, ms in measured.items()})
    return cells


def _worth_showing(column: tuple[str, bool], rows: Sequence[_Row], workloads: int) -> bool:
    name = column[0]
    if name == "workload":
        return workloads > 1
    return name in {"variant", "outcome"} or any(row.cells[name][0] for row in rows)


def _findings(row: _Row, data: Encoded, context: Context) -> tuple[_Row, list[_Told], int]:
    """A run's findings, worst first, and how many more there are."""
    every = gather(row.run.observation.findings if row.run.observation else ())
    told = [_told(gathered, at, data, context) for at, gathered in enumerate(every[:FINDINGS])]
    return row, told, len(every) - len(told)


def _told(gathered: Gathered, at: int, data: Encoded, context: Context) -> _Told:
    finding = gathered.first
    state = STATES[finding.place]
    lines = [(number, code_line(code)) for number, code in (context(finding.site) if finding.site else ())]
    if not lines and finding.site and finding.code:
        lines = [(finding.site.line, finding.code)]
    others = gathered.each[:ALIKE] if len(gathered.each) > 1 else ()
    return _Told(
        gathered, finding, others, at, state, data.kind(state, finding.call, finding.target, finding.site), lines
    )
