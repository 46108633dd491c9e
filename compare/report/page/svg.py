"""The lanes as a picture that stands alone: for the docs, for a slide, for an issue.

Colours are CSS variables, so that one file suits a dark and a light page; the same variables, textures and heights are
used by the page that `compare.report.page.html` makes. Nothing in it moves, loads or runs.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from compare.report.axis import axis_ms, duration, name_of, number, observed_ms, ticks
from compare.report.escape import escaped
from compare.report.lanes import TIMES, Folded, coalesce, depth, fold, foremost, lane_name, word
from compare.report.page.paint import Theme, bar, deep, plain, style, textures
from compare.report.states import LOOKS, WAITS
from compare.report.wrap import wrapped
from compare.results import Observation, Run, Span, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


MOST_LANES = 8
LANE, GAP, HEAD, AXIS, LEGEND, FOOT = 16.0, 4.0, 26.0, 34.0, 20.0, 6.0
"""Heights in pixels."""
CHAR = 6.3
"""How wide a character is taken to be, in pixels, at the 11 pixels that all text has."""
NAMES = 0.42
"""The share of the width that names of threads take at most: a longer name is cut."""
TITLES = 300
"""So many waits at most get a word of their own under the pointer."""


@dataclass(frozen=True, slots=True)
class _Block:
    """One variant: a head line and its lanes."""

    head: str
    said: str
    lanes: tuple[Folded, ...]
    hidden: int


@dataclass(slots=True)
class _Sheet:
    """What is being drawn on: the axis from `left` to `width`, and the pieces so far."""

    width: float
    left: float
    total_ms: float
    prefix: str
    out: list[str] = field(default_factory=list)
    seen: set[State] = field(default_factory=set)
    titles: int = TITLES

    @property
    def scale(self) -> float:
        return (self.width - self.left - 8) / self.total_ms if self.total_ms > 0 else 1.0

    def x(self, ms: float) -> float:
        return self.left + ms * self.scale

    def text(self, x: float, y: float, words: str, kind: str = "") -> None:
        self.out.append(f'<text x="{x:.1f}" y="{y:.1f}"{f" class={kind!r}" if kind else ""}>{plain(words)}</text>')


def lanes_svg(what: Run | Observation, *, width: int = 720, title: str | None = None, theme: Theme = "auto") -> str:
    """Draw one observation.

    Args:
        what: an observation, or the run that it belongs to (then its name and verdict are told too).
        width: in pixels; the height follows.
        title: what a screen reader calls the picture; made of the variant's name when not given.
        theme: `auto` follows the page (`data-theme`), or else the reader's system.

    Returns:
        One `<svg>` element, to be saved as a file or put into a page.
    """
    what = escaped(what)
    if isinstance(what, Run):
        return side_by_side_svg([what], width=width, title=title, theme=theme)
    return _drawn([("", "", what)], what.duration_ms, width, title or "Which thread waited when", theme)


def side_by_side_svg(runs: Sequence[Run], *, width: int = 720, title: str | None = None, theme: Theme = "auto") -> str:
    """Draw several runs under one another on one time axis: the models at a glance; arguments as for `lanes_svg`."""
    runs = escaped(tuple(runs))
    total_ms = axis_ms([observed_ms(run) for run in runs])
    names = ", ".join(dict.fromkeys(run.variant for run in runs))
    seen = [(name_of(run), _verdict(run, total_ms), run.observation) for run in runs if run.observation]
    return _drawn(seen, total_ms, width, title or f"Which thread waited when: {names}", theme)


def _verdict(run: Run, total_ms: float) -> str:
    cut = f"cut off, it took {duration(observed_ms(run))}; " if observed_ms(run) > total_ms else ""
    return cut + run.verdict


def _drawn(seen: Sequence[tuple[str, str, Observation]], total_ms: float, width: int, title: str, theme: Theme) -> str:
    blocks = [_block(head, said, observation, total_ms, width) for head, said, observation in seen]
    prefix = f"lanes-{zlib.crc32(repr((blocks, width, theme)).encode()):08x}"
    sheet = _Sheet(float(width), _names_room(blocks, width), total_ms, prefix)
    y = AXIS
    for block in blocks:
        y = _draw_block(sheet, block, y)
    bottom = y
    grid = _axis(sheet, bottom)
    y = _legend(sheet, bottom + LEGEND)
    described = ". ".join(f"{block.head}: {block.said or _described(block)}" for block in blocks)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{prefix}" role="img" viewBox="0 0 {width} {y:.0f}"'
        f' width="{width}" height="{y:.0f}" aria-labelledby="{prefix}-title {prefix}-desc">'
        f'<title id="{prefix}-title">{plain(title)}</title><desc id="{prefix}-desc">{plain(described)}</desc>'
        f"<style>{style(prefix, theme)}</style><defs>{textures(prefix)}</defs>"
        f'<rect width="{width}" height="{y:.0f}" rx="6" class="paper"/>{grid}{"".join(sheet.out)}</svg>'
    )


def _names_room(blocks: Iterable[_Block], width: int) -> float:
    """How far from the left the axis begins: behind the longest name, if that leaves it more than half."""
    names = [lane_name(one.lane) + _more(one) for block in blocks for one in block.lanes]
    needed = max(map(len, names), default=0) * CHAR + 18
    return min(max(needed, min(170.0, width * 0.28)), width * NAMES)


def _block(head: str, said: str, observation: Observation, total_ms: float, width: int) -> _Block:
    folded = fold(observation.lanes, total_ms, max(width // 8, 1))
    shown = foremost(folded, MOST_LANES)
    hidden = sum(1 + len(one.more) for one in folded) - sum(1 + len(one.more) for one in shown)
    return _Block(head, said, tuple(shown), hidden)


def _more(one: Folded) -> str:
    return f" {TIMES}{len(one.more)} more" if one.more else ""


def _described(block: _Block) -> str:
    """What somebody who cannot see the picture needs of it: each lane's waits, added up."""
    return "; ".join(f"{lane_name(one.lane)}{_more(one)}: {_waited(one)}" for one in block.lanes)


def _waited(one: Folded) -> str:
    by_wait: dict[str, float] = {}
    for span in one.lane.spans:
        if span.state in WAITS:
            word = LOOKS[span.state].label + (f" in {span.call}" if span.call else "")
            by_wait[word] = by_wait.get(word, 0.0) + span.end_ms - span.start_ms
    return ", ".join(f"{word} {duration(ms)}" for word, ms in by_wait.items()) or "no wait"


def _draw_block(sheet: _Sheet, block: _Block, y: float) -> float:
    if block.head:
        y = _draw_head(sheet, block, y)
    for one in block.lanes:
        more = _more(one)
        name = shortened(lane_name(one.lane), sheet.left - 18 - len(more) * CHAR)
        sheet.text(10, y + LANE - 4, name + more, "faint")
        _draw_lane(sheet, coalesce(one.lane.spans, 0.6 / sheet.scale), y)
        y += LANE + GAP
    if block.hidden:
        sheet.text(10, y + LANE - 4, f"and {block.hidden} more threads", "faint")
        y += LANE + GAP
    return y + 6


def _draw_head(sheet: _Sheet, block: _Block, y: float) -> float:
    """The name, and what is said of it: beside it if there is room for all, else in lines of its own."""
    head = shortened(block.head, (sheet.width - 20) / 1.2)
    fits = len(block.said) * CHAR <= sheet.width - 34 - len(head) * CHAR * 1.2
    beside = f'<tspan dx="10" class="faint">{plain(block.said)}</tspan>' if block.said and fits else ""
    sheet.out.append(f'<text x="10" y="{y + 16:.1f}" class="head">{plain(head)}{beside}</text>')
    y += HEAD
    for line in () if beside else wrapped(block.said, int((sheet.width - 20) / CHAR)):
        sheet.text(10, y + 8, line, "faint")
        y += 16
    return y


def _draw_lane(sheet: _Sheet, spans: Sequence[Span], y: float) -> None:
    paths: dict[State, list[str]] = {}
    told: list[str] = []
    most = max(map(depth, spans), default=0)
    for span in _within(spans, sheet.total_ms):
        sheet.seen.add(span.state)
        x, wide = sheet.x(span.start_ms), (span.end_ms - span.start_ms) * sheet.scale
        look = LOOKS[span.state]
        top, high = bar(look, y, LANE, deep(depth(span), most))
        if look.wait:
            wide = max(wide - 0.5, 1.2)
            if wide >= 3 and sheet.titles > 0:
                sheet.titles -= 1
                box = f'x="{x:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{high:.1f}"'
                told.append(f'<rect {box} fill="#0000"><title>{plain(_said(span))}</title></rect>')
        paths.setdefault(span.state, []).append(f"M{x:.1f} {top:.1f}h{wide:.1f}v{high:.1f}h{-wide:.1f}z")
    for state, path in paths.items():
        d = "".join(path)
        sheet.out.append(f'<path class="{state}" d="{d}"/>')
        if LOOKS[state].wait and LOOKS[state].texture != "plain":
            sheet.out.append(f'<path fill="url(#{sheet.prefix}-{LOOKS[state].texture})" d="{d}"/>')
    for x, words, state in _words(sheet, _within(spans, sheet.total_ms)):
        sheet.text(x + 5, y + LANE - 4, words, f"call on-{state}")
    sheet.out += told


def _within(spans: Sequence[Span], total_ms: float) -> Iterable[Span]:
    """What of a lane is on the axis."""
    for span in spans:
        if span.end_ms <= total_ms:
            yield span
        elif span.start_ms < total_ms:
            yield replace(span, end_ms=total_ms)


def _words(sheet: _Sheet, spans: Iterable[Span]) -> Iterable[tuple[float, str, State]]:
    """What to write in: the call, or else the state, over waits that follow each other closely, where there is room."""
    stretches: list[tuple[str, State, float, float]] = []
    for span in spans:
        if span.state in WAITS:
            told = word(span) or LOOKS[span.state].short
            before = stretches[-1] if stretches else None
            if before and before[:2] == (told, span.state) and (span.start_ms - before[3]) * sheet.scale < 2:
                stretches[-1] = (*before[:3], span.end_ms)
            else:
                stretches.append((told, span.state, span.start_ms, span.end_ms))
    for told, state, start, end in stretches:
        if (end - start) * sheet.scale > len(told) * CHAR + 10:
            yield sheet.x(start), told, state


def _said(span: Span) -> str:
    parts = [span.call or LOOKS[span.state].label, duration(span.end_ms - span.start_ms)]
    parts += [part for part in (span.target, str(span.site) if span.site else None) if part]
    return ", ".join(parts)


def _axis(sheet: _Sheet, bottom: float) -> str:
    marks = []
    for tick in ticks(sheet.total_ms, max(2, int((sheet.width - sheet.left) / 70))):
        x = sheet.x(tick)
        marks.append(f'<path class="grid" d="M{x:.1f} {AXIS - 8:.0f}V{bottom:.1f}"/>')
        words = f"{number(tick)} ms" if tick == 0 else number(tick)
        end = ' text-anchor="end"' if x + len(words) * CHAR > sheet.width else ""
        marks.append(f'<text x="{x:.1f}" y="{AXIS - 14:.0f}" class="faint"{end}>{words}</text>')
    return "".join(marks)


def _legend(sheet: _Sheet, y: float) -> float:
    x = 10.0
    for state, look in LOOKS.items():
        if state not in sheet.seen:
            continue
        needed = 24 + len(look.label) * CHAR + 14
        if x + needed > sheet.width and x > 10:
            x, y = 10.0, y + LEGEND
        top, high = bar(look, y - 11, 12)
        box = f'x="{x:.1f}" y="{top:.1f}" width="18" height="{max(high, 1.5):.1f}"'
        sheet.out.append(f'<rect {box} class="{state}"/>')
        if look.wait and look.texture != "plain":
            sheet.out.append(f'<rect {box} fill="url(#{sheet.prefix}-{look.texture})"/>')
        sheet.text(x + 24, y - 1, look.label, "faint")
        x += needed
    return y + FOOT + 4


def shortened(words: str, room: float) -> str:
    """As much as fits into `room` pixels."""
    return words if len(words) * CHAR <= room else words[: max(int(room / CHAR) - 1, 0)].rstrip() + "…"
