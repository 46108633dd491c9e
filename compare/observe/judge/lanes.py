"""Each thread's time as spans that neither overlap nor leave a gap, and each pool's line; for the pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.results import Lane, Role, Site, Span, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.observe.judge.segments import Segment

MS = 1_000_000
MOST_SPANS = 20_000
MOST_LANES = 200

Piece = tuple[int, int, State, str | None, str | None, Site | None]


class Lanes:
    """Takes segments in the order of time, thread by thread; nanoseconds in, milliseconds out."""

    def __init__(self, began: int) -> None:
        """Lanes begin at `began`."""
        self._began = began
        self._pieces: dict[tuple[int, int], list[Piece]] = {}
        self._lines: dict[int, list[tuple[int, int, Site | None]]] = {}
        self._stops: list[tuple[int, int, int]] = []
        self._full = False
        self._crowded = False

    @property
    def missing(self) -> tuple[str, ...]:
        """What the lanes leave out."""
        told = []
        if self._full:
            told.append(f"a lane ends after {MOST_SPANS} spans: what came later is in the findings alone")
        if self._crowded:
            told.append(f"only the first {MOST_LANES} threads have a lane")
        return tuple(told)

    def add(self, key: tuple[int, int], segment: Segment, state: State) -> None:
        """Take one segment."""
        pieces = self._pieces.get(key)
        if pieces is None:
            if len(self._pieces) >= MOST_LANES:
                self._crowded = True
                return
            pieces = self._pieces[key] = []
        waits = state in {"blocked", "lock", "gil", "page-fault"}
        call, target = (segment.call, segment.contended or segment.target) if waits else (None, None)
        site = segment.site if waits or state == "running" else None
        start = max(segment.start, self._began)
        if pieces:
            last = pieces[-1]
            if last[2:] == (state, call, target, site):
                pieces[-1] = (last[0], segment.end, *last[2:])
                return
        if len(pieces) >= MOST_SPANS:
            self._full = True
            return
        pieces.append((start, segment.end, state, call, target, site))

    def drop(self, key: tuple[int, int]) -> None:
        """Leave a thread out."""
        self._pieces.pop(key, None)

    def in_line(self, pool: int, since: int, until: int, site: Site | None) -> None:
        """Work waited in a pool's line."""
        line = self._lines.setdefault(pool, [])
        if len(line) < MOST_SPANS:
            line.append((since, until, site))

    def stopped(self, pid: int, since: int, until: int) -> None:
        """A process was stopped."""
        self._stops.append((pid, since, until))

    def finish(
        self, now: int, name: Callable[[tuple[int, int]], str], role: Callable[[tuple[int, int]], Role]
    ) -> tuple[Lane, ...]:
        """Return the lanes: loops first, then main and other threads, workers, and lines."""
        order = {"loop": 0, "main": 1, "worker": 2, "other": 3}
        keys = sorted(self._pieces, key=lambda key: (order[role(key)], name(key), key))
        lanes = [Lane(name(key), role(key), self._spans(self._with_stops(key), now)) for key in keys]
        for number, line in enumerate(self._lines.values(), 1):
            title = "in line for the pool" if len(self._lines) == 1 else f"in line for pool {number}"
            lanes.append(Lane(title, None, self._spans(_depths(line), now, "idle")))
        return tuple(lanes)

    def _with_stops(self, key: tuple[int, int]) -> list[Piece]:
        pieces = self._pieces[key]
        for pid, since, until in self._stops:
            if pid != key[0]:
                continue
            cut: list[Piece] = []
            for piece in pieces:
                if piece[1] <= since or piece[0] >= until:
                    cut.append(piece)
                    continue
                if piece[0] < since:
                    cut.append((piece[0], since, *piece[2:]))
                cut.append((max(piece[0], since), min(piece[1], until), "stopped", None, None, None))
                if piece[1] > until:
                    cut.append((until, piece[1], *piece[2:]))
            pieces = cut
        return pieces

    def _spans(self, pieces: list[Piece], now: int, gap: State = "idle") -> tuple[Span, ...]:
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
            pieces.append((at, moment, "queue", None, f"{depth} in line", site))
        depth += changes[moment]
        at, site = moment, sites.get(moment, site)
    return pieces
