"""Each thread's time as spans that neither overlap nor leave a gap, and each pool's line; for the pictures.

A lane that is full grows coarser: short spans that follow one another become one, of what took the most of its time.
What nobody saw is drawn as that, and never as what came before it.
"""

from __future__ import annotations

from itertools import islice, takewhile
from typing import TYPE_CHECKING

from compare.results import Lane, Role, Site, Span, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.observe.judge.segments import Segment

MS = 1_000_000
MOST_SPANS = 20_000
"""How many spans a lane has at most: a thousand for each second of the first twenty, and a page that is still read in a
second."""
MOST_LANES = 200
FIRST_GRAIN_NS = MS
"""The sampler's period: shorter spans say little of when they were."""

What = tuple["State", str | None, str | None, "Site | None"]
Piece = tuple[int, int, "State", str | None, str | None, "Site | None"]

UNSEEN: What = ("unseen", None, None, None)


STOPPED: What = ("stopped", None, None, None)


class _Drawn:
    """One thread's spans, in order."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.grain = 0
        """Shorter spans than this have become parts of others."""
        self._shares: dict[What, int] = {}
        """What the last span is made of, while it is shorter than that."""

    def add(self, start: int, end: int, what: What) -> None:
        """Take what follows, though it may overlap what came before; a gap is a stretch that nobody saw."""
        if self.pieces and start > self.pieces[-1][1]:
            self._put(self.pieces[-1][1], start, UNSEEN)
        self._put(start, end, what)
        while len(self.pieces) >= MOST_SPANS:
            self.grain = 2 * self.grain or FIRST_GRAIN_NS
            fine, self.pieces = self.pieces, []
            for began, until, *rest in fine:
                self._put(began, until, tuple(rest))  # type: ignore[arg-type]

    def _put(self, start: int, end: int, what: What) -> None:
        last = self.pieces[-1] if self.pieces else None
        if last is not None and last[1] == start and (last[2:] == what or last[1] - last[0] < self.grain):
            self._shares[what] = self._shares.get(what, 0) + end - start
            most = max(self._shares, key=lambda each: self._shares[each])
            self.pieces[-1] = (last[0], end, *most)
        else:
            self._shares = {what: end - start}
            self.pieces.append((start, end, *what))


class Lanes:
    """Takes segments in the order of time, thread by thread; nanoseconds in, milliseconds out."""

    def __init__(self, began: int) -> None:
        """Lanes begin at `began`."""
        self._began = began
        self._drawn: dict[tuple[int, int], _Drawn] = {}
        self._lines: dict[tuple[int, int], list[tuple[int, int, Site | None]]] = {}
        self._redrawn: dict[tuple[int, int], list[Piece]] = {}
        self._stops: list[tuple[int, int, int]] = []
        self._line_is_full = False
        self._crowded = False

    @property
    def missing(self) -> tuple[str, ...]:
        """What the lanes leave out."""
        told = []
        grain = max((drawn.grain for drawn in self._drawn.values()), default=0)
        if grain:
            told.append(f"in the lanes, what is shorter than {grain // MS} ms: they are too long to show it")
        if self._line_is_full:
            told.append(f"more than {MOST_SPANS:,} waits in the queue of one pool have no place in its lane")
        if self._crowded:
            told.append(f"only the first {MOST_LANES} threads have a lane")
        return tuple(told)

    def add(self, key: tuple[int, int], segment: Segment, state: State) -> None:
        """Take one segment."""
        start = max(segment.start, self._began)
        drawn = self._drawn.get(key)
        if drawn is None:
            if len(self._drawn) >= MOST_LANES:
                self._crowded = True
                return
            drawn = self._drawn[key] = _Drawn()
        if start < segment.end:
            drawn.add(start, segment.end, _what(segment, state))

    def redraw(self, key: tuple[int, int], segment: Segment, state: State) -> None:
        """A segment that was taken turned out to be something else."""
        redrawn = self._redrawn.setdefault(key, [])
        if len(redrawn) < MOST_SPANS:
            redrawn.append((segment.start, segment.end, *_what(segment, state)))

    def drop(self, key: tuple[int, int]) -> None:
        """Leave a thread out."""
        self._drawn.pop(key, None)
        self._redrawn.pop(key, None)

    def in_line(self, pool: tuple[int, int], since: int, until: int, site: Site | None) -> None:
        """Work waited in a pool's line."""
        line = self._lines.setdefault(pool, [])
        if len(line) < MOST_SPANS:
            line.append((since, until, site))
        else:
            self._line_is_full = True

    def stopped(self, pid: int, since: int, until: int) -> None:
        """A process was stopped."""
        self._stops.append((pid, since, until))

    def finish(
        self, now: int, name: Callable[[tuple[int, int]], str], role: Callable[[tuple[int, int]], Role]
    ) -> tuple[Lane, ...]:
        """Return the lanes: loops first, then main and other threads, workers, and lines."""
        order = {"loop": 0, "main": 1, "worker": 2, "other": 3}
        keys = sorted(self._drawn, key=lambda key: (order[role(key)], name(key), key))
        lanes = [Lane(name(key), role(key), self._spans(self._with_stops(key), now)) for key in keys]
        for number, line in enumerate(self._lines.values(), 1):
            title = "queued for the pool" if len(self._lines) == 1 else f"queued for pool {number}"
            lanes.append(Lane(title, None, self._spans(_depths(line), now, "idle")))
        return tuple(lanes)

    def _with_stops(self, key: tuple[int, int]) -> list[Piece]:
        stops: list[Piece] = [(since, until, *STOPPED) for pid, since, until in self._stops if pid == key[0]]
        return _laid_over(_laid_over(self._drawn[key].pieces, self._redrawn.get(key, [])), stops)

    def _spans(self, pieces: list[Piece], now: int, gap: State = "unseen") -> tuple[Span, ...]:
        spans: list[Span] = []
        at = self._began
        for start, end, state, call, target, site in pieces:
            begin, until = max(start, at), min(end, now)
            if until <= begin:
                continue
            if begin > at:
                spans.append(self._span(at, begin, gap))
            spans.append(self._span(begin, until, state, call, target, site))
            at = until
        if at < now:
            spans.append(self._span(at, now, gap))
        return tuple(spans)

    def _span(  # noqa: PLR0913, PLR0917  a span's fields
        self,
        start: int,
        end: int,
        state: State,
        call: str | None = None,
        target: str | None = None,
        site: Site | None = None,
    ) -> Span:
        return Span((start - self._began) / MS, (end - self._began) / MS, state, call, target, site)


def _what(segment: Segment, state: State) -> What:
    if state == "poller":  # of a loop that is written by hand, the line that polls is the user's own
        view = segment.view
        return state, segment.call, None, view.site if view is not None and view.mine else None
    waits = state in {"blocked", "lock", "gil", "page-fault"}
    call, target = (segment.call, segment.contended or segment.target) if waits else (None, None)
    return state, call, target, segment.site if waits or state == "running" else None


def _laid_over(pieces: list[Piece], over: list[Piece]) -> list[Piece]:
    """Draw some pieces over others; each list is in order."""
    result: list[Piece] = []
    at = 0
    for piece in pieces:
        drawn, end, what = piece[0], piece[1], piece[2:]
        while at < len(over) and over[at][1] <= drawn:
            at += 1
        for above in takewhile(lambda each, end=end: each[0] < end, islice(over, at, None)):  # type: ignore[misc]
            since, until = max(above[0], drawn), min(above[1], end)
            if since > drawn:
                result.append((drawn, since, *what))
            result.append((since, until, *above[2:]))
            drawn = until
        if drawn < end:
            result.append((drawn, end, *what))
    return result


def _depths(line: list[tuple[int, int, Site | None]]) -> list[Piece]:
    """Turn overlapping waits into stretches, each with how many were in line."""
    changes: dict[int, int] = {}
    sites: dict[int, Site | None] = {}
    for since, until, site in line:
        changes[since] = changes.get(since, 0) + 1
        changes[until] = changes.get(until, 0) - 1
        sites.setdefault(since, site)
    pieces: list[Piece] = []
    depth, at, site = 0, 0, None
    for moment in sorted(changes):
        if depth:
            pieces.append((at, moment, "queue", None, f"{depth} queued", site))
        depth += changes[moment]
        at, site = moment, sites.get(moment, site)
    return pieces
