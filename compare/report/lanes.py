"""Lanes made ready to be drawn: as cells, in fewer pieces, and with equal ones folded.

**The rule for what is too small to draw.** Where several spans fall into one cell (or pixel), it shows the state that
had most of its time, where waiting counts `WAITING_COUNTS` times: what held a thread for a quarter of a cell is seen.
And the longest wait of each state in a lane always keeps the cell that most of it fell into, however thin it is: the
one stall that somebody looks for must not vanish because the rest of the time was quiet.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from compare.report.states import RANK, WAITS
from compare.results import Lane, Role, Span, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


WAITING_COUNTS = 3.0
"""How many times over a wait's milliseconds count when a cell is given to one state."""

MAY_DIFFER = 1 / 12
"""The share of a lane's cells that may differ from another's, for the two to be told as equal."""

ROLES: dict[Role, str] = {"loop": "loop", "main": "main", "worker": "worker", "other": "thread"}
"""How a lane's role is written before its name."""

TIMES = "\N{MULTIPLICATION SIGN}"

Cell = tuple[State, str | None] | None
"""A state and its own word (see `word`); `None` after the lane's end."""

DEPTH = re.compile(r"(\d+) (?:queued|in line)")
"""How the queue of a pool tells its length, as a span's target; the second way is that of older recordings."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Folded:
    """A lane that stands for itself and for `more` others that look like it."""

    lane: Lane
    more: tuple[str, ...]

    @property
    def label(self) -> str:
        """The thread's name, and how many more look the same."""
        return f"{self.lane.thread} {TIMES}{len(self.more)} more" if self.more else self.lane.thread


def word(span: Span) -> str | None:
    """What a span is called more closely than by its state: a call that blocks, or how many are queued."""
    if span.state == "blocked":
        return span.call
    return span.target if span.state == "queue" and span.target and DEPTH.fullmatch(span.target) else None


def depth(span: Span) -> int:
    """How many are queued during a span; 0 when it is no queue's."""
    if span.state != "queue":
        return 0
    found = DEPTH.fullmatch(span.target or "")
    return int(found[1]) if found else 1


def lane_name(lane: Lane) -> str:
    """The thread's role and name, unless its name says it already, as a line's behind a pool does."""
    role = ROLES[lane.role] if lane.role else ""
    return lane.thread if lane.thread.startswith(role) else f"{role} {lane.thread}"


def weight(state: State, ms: float) -> float:
    """How strong a claim `ms` of a state have on a cell."""
    return ms * WAITING_COUNTS if state in WAITS else ms


def longest_waits(spans: Iterable[Span]) -> dict[State, Span]:
    """The longest span of each state that is a wait."""
    longest: dict[State, Span] = {}
    for span in spans:
        if span.state in WAITS:
            best = longest.get(span.state)
            if best is None or span.end_ms - span.start_ms > best.end_ms - best.start_ms:
                longest[span.state] = span
    return longest


def cells(spans: Sequence[Span], total_ms: float, count: int) -> list[Cell]:
    """The first `total_ms` of a lane as `count` cells, by the rule above."""
    shares: list[dict[tuple[State, str | None], float]] = [{} for _ in range(count)]
    per_cell = total_ms / count if total_ms > 0 else 1.0
    for span in spans:
        for index, ms in _overlaps(span, per_cell, count):
            key = (span.state, word(span))
            shares[index][key] = shares[index].get(key, 0.0) + ms
    chosen: list[Cell] = [_strongest(share) if share else None for share in shares]
    kept: dict[int, Span] = {}
    for span in longest_waits(spans).values():
        overlaps = list(_overlaps(span, per_cell, count))
        if overlaps and all(chosen[index] != (span.state, word(span)) for index, _ in overlaps):
            index = max(overlaps, key=lambda overlap: overlap[1])[0]
            rival = kept.get(index)
            if rival is None or span.end_ms - span.start_ms > rival.end_ms - rival.start_ms:
                kept[index] = span
    for index, span in kept.items():
        chosen[index] = (span.state, word(span))
    return chosen


def _overlaps(span: Span, per_cell: float, count: int) -> Iterable[tuple[int, float]]:
    if span.start_ms >= per_cell * count:  # a run that is cut off
        return
    first = min(int(span.start_ms / per_cell), count - 1)
    last = min(max(math.ceil(span.end_ms / per_cell) - 1, first), count - 1)
    for index in range(first, last + 1):
        ms = min(span.end_ms, (index + 1) * per_cell) - max(span.start_ms, index * per_cell)
        if ms > 0:
            yield index, ms


def _strongest(share: dict[tuple[State, str | None], float]) -> tuple[State, str | None]:
    by_state: dict[State, float] = {}
    for (state, _), ms in share.items():
        by_state[state] = by_state.get(state, 0.0) + weight(state, ms)
    state = max(by_state, key=lambda state: (by_state[state], -RANK[state]))
    return max((key for key in share if key[0] == state), key=lambda key: share[key])


def runs_of(items: Sequence[T]) -> list[tuple[T, int, int]]:
    """Equal neighbours together: the item, where it starts, how many there are."""
    found: list[tuple[T, int, int]] = []
    for index, item in enumerate(items):
        if found and found[-1][0] == item:
            found[-1] = (item, found[-1][1], found[-1][2] + 1)
        else:
            found.append((item, index, 1))
    return found


def coalesce(spans: Sequence[Span], finest_ms: float) -> list[Span]:
    """The same stretch of time in fewer spans: neighbours shorter than `finest_ms` become one, by the rule above.

    Longer spans, and the longest wait of each state, stay exactly what they were.
    """
    keep = {id(span) for span in longest_waits(spans).values()}
    told: list[Span] = []
    short: list[Span] = []
    for span in spans:
        if id(span) in keep or span.end_ms - span.start_ms >= finest_ms:
            _flush(short, told)
            _append(told, span)
            continue
        short.append(span)
        if span.end_ms - short[0].start_ms >= finest_ms:
            _flush(short, told)
    _flush(short, told)
    return told


def _flush(short: list[Span], told: list[Span]) -> None:
    if short:
        by_what: dict[State, float] = {}
        for span in short:
            by_what[span.state] = by_what.get(span.state, 0.0) + weight(span.state, span.end_ms - span.start_ms)
        state = max(by_what, key=lambda state: (by_what[state], -RANK[state]))
        best = max((span for span in short if span.state == state), key=lambda span: span.end_ms - span.start_ms)
        _append(told, Span(short[0].start_ms, short[-1].end_ms, state, best.call, best.target, best.site))
        short.clear()


def _append(told: list[Span], span: Span) -> None:
    """Neighbours of one kind become one, unless they are waits: two reads of one file are two waits."""
    if told and span.state not in WAITS:
        last = told[-1]
        if (last.state, last.call, last.target, last.site) == (span.state, span.call, span.target, span.site):
            told[-1] = Span(last.start_ms, span.end_ms, span.state, span.call, span.target, span.site)
            return
    told.append(span)


def fold(lanes: Sequence[Lane], total_ms: float, count: int) -> list[Folded]:
    """Workers, or other threads, that look alike at `count` cells, told once; the order stays."""
    seen: list[tuple[Lane, list[Cell], list[str]]] = []
    for lane in lanes:
        drawn = cells(lane.spans, total_ms, count)
        for first, first_drawn, more in seen:
            differ = sum(a != b for a, b in zip(drawn, first_drawn, strict=True))
            if first.role == lane.role and lane.role in {"worker", "other"} and differ <= count * MAY_DIFFER:
                more.append(lane.thread)
                break
        else:
            seen.append((lane, drawn, []))
    return [Folded(lane, tuple(more)) for lane, _, more in seen]


def foremost(drawn: Sequence[Folded], most: int) -> list[Folded]:
    """The `most` lanes that tell most: all loops and lines, then who waited longest; in their own order."""

    def waited(folded: Folded) -> tuple[bool, float]:
        ms = sum(span.end_ms - span.start_ms for span in folded.lane.spans if span.state in WAITS)
        return folded.lane.role not in {"loop", None}, -ms * (1 + len(folded.more))

    chosen = {id(folded) for folded in sorted(drawn, key=waited)[:most]}
    return [folded for folded in drawn if id(folded) in chosen]
