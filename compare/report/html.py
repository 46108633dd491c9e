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

from compare.report.check import STATES
from compare.report.gathered import Gathered, gather
from compare.report.lanes import ROLES, coalesce, duration, fold, groups, number, observed_ms
from compare.report.states import LOOKS, RANK
from compare.report.svg import textures, variables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from compare.report.lanes import Group
    from compare.results import Comparison, Finding, Lane, Run, Site, Span, State

    Context = Callable[[Site], Sequence[tuple[int, str]]]

SPANS = 100_000
"""How many spans the page holds at most, over all runs; each takes about 8 bytes."""
FINEST = 20_000
"""Into how many pieces a run's time is cut at the finest: a screen's width, zoomed in twenty times."""
COARSEST = 50
"""And at the coarsest, if there are thousands of lanes."""
FOLD_CELLS = 120
FINDINGS, ALIKE = 20, 12
"""How many of one run are told, and of how many threads and targets in each; the rest are counted."""


def no_context(site: Site) -> Sequence[tuple[int, str]]:  # noqa: ARG001  one shape with those that look
    """The default: findings show their own line alone. `compare.report.source.lines_around` reads more from disk."""
    return ()


def to_html(comparison: Comparison, *, context: Context = no_context) -> str:
    """Make the page.

    Args:
        comparison: what was measured.
        context: the numbered lines of code around a site, or none; a report reads no file by itself.

    Returns:
        A whole HTML document, to be saved as UTF-8.
    """
    found = groups(comparison)
    data = _Data(sum(len(run.observation.lanes) for run in comparison.runs if run.observation))
    told = [data.group(group) for group in found]
    rows = [_Row(run, at, group.short) for at, (group, run) in enumerate((g, run) for g in found for run in g.runs)]
    style = f":root{{{variables('light')}}}{_themes()}{_template('report.css')}{_state_rules()}"
    script = _template("report.js")
    page = _environment().get_template("report.html")
    text = page.render(
        comparison=comparison,
        groups=found,
        rows=rows,
        findings=[_findings(row, data, context) for row in rows],
        columns=[column for column in COLUMNS if _worth_showing(column, rows, len(found))],
        style=style,
        script=script,
        textures=textures("texture"),
        legend=[(state, look) for state, look in LOOKS.items() if state in data.seen],
        data=_json({"groups": told, **data.shared()}),
        policy=_policy(style, script),
    )
    return text.encode("utf-8", "replace").decode()


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
    return (files("compare.report") / "templates" / name).read_text("utf-8")


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


class _Data:
    """What the script draws from: times in whole microseconds, and every text once."""

    def __init__(self, lanes: int) -> None:
        self._a_lane = max(COARSEST, SPANS // max(lanes, 1))
        self._kinds: dict[tuple[Any, ...], int] = {}
        self._sites: dict[Site, int] = {}
        self._codes: dict[Site, str] = {}
        self.seen: set[str] = set()
        self._runs = 0

    def shared(self) -> dict[str, Any]:
        sites = [[site.file, site.line, site.function, self._codes.get(site)] for site in self._sites]
        looks = [[state, look.label, look.wait, look.height, look.texture, look.short] for state, look in LOOKS.items()]
        return {"states": looks, "kinds": [list(kind) for kind in self._kinds], "sites": sites}

    def group(self, group: Group) -> dict[str, Any]:
        return {
            "title": group.title,
            "short": group.short,
            "us": round(group.longest_ms * 1000),
            "axis": round(group.total_ms * 1000),
            "runs": [self._run(run) for run in group.runs],
        }

    def _run(self, run: Run) -> dict[str, Any]:
        number = self._runs
        self._runs += 1
        said = run.verdict or run.reason or ("" if run.observation else "not observed")
        told = {"id": number, "name": run.variant, "backend": run.backend, "said": said, "lanes": []}
        if run.observation is not None:
            self._codes.update((f.site, f.code) for f in run.observation.findings if f.site and f.code)
            total = run.observation.duration_ms
            folded = fold(run.observation.lanes, total, FOLD_CELLS)
            lanes = self._thinned([one.lane for one in folded], total)
            told["lanes"] = [
                [ROLES[one.lane.role] if one.lane.role else "", one.lane.thread, len(one.more), self._encoded(spans)]
                for one, spans in zip(folded, lanes, strict=True)
            ]
        return told

    def _thinned(self, lanes: Sequence[Lane], total_ms: float) -> list[list[Span]]:
        """The finest telling of a run's lanes that stays within their share of the page."""
        pieces, most = FINEST, self._a_lane * len(lanes)
        while True:
            told = [coalesce(lane.spans, total_ms / pieces) for lane in lanes]
            count = sum(map(len, told))
            if pieces <= COARSEST or count <= most:
                return told
            pieces = max(COARSEST, min(pieces // 2, pieces * most // count))

    def _encoded(self, spans: Sequence[Span]) -> list[int]:
        """Length and kind by turns; each span begins where the last one ended."""
        flat: list[int] = []
        for span in spans:
            self.seen.add(span.state)
            flat += (
                round(span.end_ms * 1000) - round(span.start_ms * 1000),
                self.kind(span.state, span.call, span.target, span.site),
            )
        return flat

    def kind(self, state: State, call: str | None, target: str | None, site: Site | None) -> int:
        at = -1 if site is None else self._sites.setdefault(site, len(self._sites))
        key = (RANK[state], call, target, at)
        return self._kinds.setdefault(key, len(self._kinds))


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


def _findings(row: _Row, data: _Data, context: Context) -> tuple[_Row, list[_Told], int]:
    """A run's findings, worst first, and how many more there are."""
    every = gather(row.run.observation.findings if row.run.observation else ())
    told = [_told(gathered, at, data, context) for at, gathered in enumerate(every[:FINDINGS])]
    return row, told, len(every) - len(told)


def _told(gathered: Gathered, at: int, data: _Data, context: Context) -> _Told:
    finding = gathered.first
    state = STATES[finding.place]
    lines = context(finding.site) if finding.site else ()
    if not lines and finding.site and finding.code:
        lines = [(finding.site.line, finding.code)]
    others = gathered.each[:ALIKE] if len(gathered.each) > 1 else ()
    return _Told(
        gathered, finding, others, at, state, data.kind(state, finding.call, finding.target, finding.site), lines
    )
