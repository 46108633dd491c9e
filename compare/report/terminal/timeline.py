"""The lanes in the terminal: a row of block characters for each thread, one time axis for all variants of a workload.

Every state has a glyph of its own, so nothing is lost without colour; the colours are such that they read on a dark
and on a light background. What a cell shows when several things fell into it is told in `compare.report.lanes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.console import Group as Renderables
from rich.text import Text

from compare.report.axis import Group as Workload
from compare.report.axis import alone, duration, groups, number, observed_ms, ticks
from compare.report.escape import escaped
from compare.report.lanes import TIMES, Cell, Folded, cells, fold, foremost, lane_name, runs_of
from compare.report.states import LOOKS
from compare.results import Comparison, Run, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from compare.results import Lane, Observation

MOST_LANES = 10
"""How many lanes of one variant are drawn; the rest are counted."""

GREY = "#808080"
SEAM, CUT = "▐", "»"


@dataclass(frozen=True, slots=True)
class _Page:
    """Where things go: a column of names, then `cells` cells that stand for `total_ms`."""

    width: int
    color: bool
    total_ms: float

    @property
    def names(self) -> int:
        return max(8, min(32, int(self.width * 0.3)))

    @property
    def cells(self) -> int:
        return max(4, self.width - self.names - 1)

    def style(self, style: str) -> str:
        return style if self.color else ""


def render(what: Comparison | Run, width: int, *, color: bool) -> Renderables:
    """Draw what was observed.

    Args:
        what: the variants of each workload share one time axis.
        width: columns; no line is wider.
        color: without it there are no styles at all.

    Returns:
        Lines for a rich console; none when nothing was observed.
    """
    what = escaped(what)
    workloads = groups(what) if isinstance(what, Comparison) else [alone(what)]
    lines: list[Text] = []
    seen: set[State] = set()
    for workload in workloads:
        if workload.total_ms > 0:
            page = _Page(max(width, 16), color, workload.total_ms)
            lines += _axis(workload, page)
            for run in workload.runs:
                lines += _variant(run, page, seen)
            lines.append(Text())
    if lines:
        lines.append(_legend(seen, max(width, 16), color=color))
    for line in lines:
        line.no_wrap, line.overflow, line.end = True, "crop", "\n"
        line.truncate(width)
    return Renderables(*lines)


def _axis(workload: Workload, page: _Page) -> list[Text]:
    """The workload's name over a line of ticks in milliseconds."""
    labels, line = [" "] * page.cells, ["─"] * page.cells
    free = 0
    for tick in ticks(page.total_ms, max(2, page.cells // 8)):
        at = min(int(tick / page.total_ms * page.cells), page.cells - 1)
        line[at] = "┬" if tick else "┌"
        text = f"{number(tick)} ms" if free == 0 else number(tick)
        if at >= free and at + len(text) <= page.cells:
            labels[at : at + len(text)] = text
            free = at + len(text) + 1
    pad = " " * (page.names + 1)
    title = Text(workload.title, style=page.style("bold"))
    title.truncate(page.width, overflow="ellipsis")
    return [title, Text(pad + "".join(labels), page.style(GREY)), Text(pad + "".join(line), page.style(GREY))]


def _variant(run: Run, page: _Page, seen: set[State]) -> list[Text]:
    title = Text(run.variant, style=page.style("bold"))
    if run.backend:
        title.append(f" on {run.backend}", page.style("not bold"))
    said = run.verdict or run.reason or ("" if run.observation else "not observed")
    if observed_ms(run) > page.total_ms:
        said = f"cut off, it took {duration(observed_ms(run))}; {said}"
    if said:
        title.append(f"  {said}", page.style(f"not bold {GREY}"))
    title.truncate(page.width, overflow="ellipsis")
    return [title, *_lanes(run.observation, page, seen)] if run.observation else [title]


def _lanes(observation: Observation, page: _Page, seen: set[State]) -> Iterable[Text]:
    drawn = fold(observation.lanes, page.total_ms, page.cells)
    shown = foremost(drawn, MOST_LANES)
    for folded in shown:
        row = cells(folded.lane.spans, page.total_ms, page.cells)
        seen.update(cell[0] for cell in row if cell)
        line = Text(_name(folded, page.names) + " ")
        _paint(line, row, _seams(folded.lane, page), page)
        if observation.duration_ms > page.total_ms:
            line.right_crop(1)
            line.append(CUT, page.style(GREY))
        yield line
    if len(shown) < len(drawn):
        threads = sum(1 + len(folded.more) for folded in drawn) - sum(1 + len(folded.more) for folded in shown)
        yield Text(f"  … and {threads} more threads", page.style(GREY))


def _name(folded: Folded, width: int) -> str:
    more = f" {TIMES}{len(folded.more)} more" if folded.more else ""
    if cell_len(more) > width - 4:
        more = f" {TIMES}{len(folded.more) + 1}"
    room = width - 2 - cell_len(more)
    text = lane_name(folded.lane) if room >= 9 else folded.lane.thread
    if cell_len(text) > room:
        text = set_cell_size(text, max(room - 1, 0)) + "…"
    return set_cell_size("  " + text + more, width)


def _seams(lane: Lane, page: _Page) -> set[int]:
    """The cells in which one blocked call follows another at once, both wide enough for it to show."""
    wide = page.total_ms / page.cells * 3
    return {
        int(after.start_ms / page.total_ms * page.cells)
        for before, after in pairwise(span for span in lane.spans if span.state == "blocked")
        if after.start_ms - before.end_ms < wide / 3
        and min(before.end_ms - before.start_ms, after.end_ms - after.start_ms) > wide
    }


def _paint(line: Text, row: Sequence[Cell], seams: set[int], page: _Page) -> None:
    for cell, start, count in runs_of(row):
        if cell is None:
            line.append("╷" + " " * (count - 1), page.style(GREY))
            continue
        state, own = cell
        look = LOOKS[state]
        word = (own or look.short) if look.wait else ""
        style = page.style(look.terminal)
        glyphs = "".join(SEAM if state == "blocked" and start + at in seams else look.glyph for at in range(count))
        room = count - cell_len(word)
        if not word or room < 4:
            line.append(glyphs, style)
            continue
        before = min((room - 2) // 2, 3)
        after = before + 2 + cell_len(word)
        line.append(glyphs[:before], style)
        line.append(f" {word} ", page.style(f"bold {look.ink} on {look.terminal}"))
        line.append(glyphs[after:], style)


def _legend(seen: set[State], width: int, *, color: bool) -> Text:
    """One line that names the states which occur, shortened until it fits."""
    looks = [look for state, look in LOOKS.items() if state in seen]
    for names, gap in (("label", "   "), ("short", "  "), ("short", " ")):
        told = [(f"{look.glyph * 2} ", getattr(look, names), look.terminal) for look in looks]
        length = sum(cell_len(glyph) + cell_len(name) + len(gap) for glyph, name, _ in told) - len(gap)
        if length <= width:
            break
    line = Text()
    for index, (glyph, name, style) in enumerate(told):
        line.append(gap if index else "")
        line.append(glyph, style if color else "")
        line.append(name)
    line.truncate(width, overflow="ellipsis")
    return line
