"""Each thread's time as spans that neither overlap nor leave a gap, and each pool's line; for the pictures.

A lane that is full grows coarser: short spans that follow one another become one, of what took the most of its time.
What nobody saw is drawn as that, and never as what came before it.

Where only the last seconds are kept, what is older is forgotten, and all lanes share the room that there is.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from compare.results import Lane, Role, Site, Span, State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from compare.observe.judge.segments import Segment

MS = 1_000_000
MOST_SPANS = 20_000
"""How many spans a lane has at most: a thousand for each second of the first twenty, and a page that is still read in a
second."""
MOST_LANES = 200
MOST_KEPT = 60_000
"""How many spans all lanes have together; each takes some 200 bytes, and its time when the end is told."""
COUNTED = 4_096
"""After so many segments they are counted."""
FEWEST_KEPT = 500
"""So many a lane has then at the least."""
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
        self.coarsest = 0
        """What that was at the most, in what is kept."""
        self._changed = 0
        """When it was changed last."""
        self._shares: dict[What, int] = {}
        """What the last span is made of, while it is shorter than that."""

    def forget(self, until: int, most: int) -> None:
        """Forget what ended before `until`; where that leaves room, of `most`, what follows is drawn finer again."""
        old = bisect_left(self.pieces, until, key=lambda piece: piece[1])
        del self.pieces[:old]
        if self._changed < until:
            self.coarsest = self.grain
            if self.grain and len(self.pieces) < most // 4:
                self.grain = self.grain // 2 if self.grain > FIRST_GRAIN_NS else 0
                self._changed = self.pieces[-1][1] if self.pieces else until

    def add(self, start: int, end: int, what: What, most: int = MOST_SPANS) -> None:
        """Take what follows, though it may overlap what came before; a gap is a stretch that nobody saw.

        Args:
            start: when, in nanoseconds.
            end: until when.
            what: what it is.
            most: how many spans there may be.
        """
        if self.pieces and start > self.pieces[-1][1]:
            self._put(self.pieces[-1][1], start, UNSEEN)
        self._put(start, end, what)
        self.draw_coarser(most, end)

    def draw_coarser(self, most: int, end: int) -> None:
        """Make so few spans of them, at `end`."""
        while len(self.pieces) >= most:
            self.grain = 2 * self.grain or FIRST_GRAIN_NS
            self.coarsest, self._changed = max(self.grain, self.coarsest), end
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

    def __init__(self, began: int, keep_ns: int | None = None) -> None:
        """Lanes begin at `began`; `keep_ns`: only so much of the time is kept, and lanes that ended before are not."""
        self._began, self._keep = began, keep_ns
        self._forgot = began
        self._most = MOST_SPANS
        self._taken = 0
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
        grain = max((drawn.coarsest for drawn in self._drawn.values()), default=0)
        if grain:
            told.append(f"in the lanes, what is shorter than {grain // MS} ms: they are too long to show it")
        if self._line_is_full:
            told.append(f"more than {self._most:,} waits in the queue of one pool have no place in its lane")
        if self._crowded:
            told.append(f"only the first {MOST_LANES} threads have a lane")
        return tuple(told)

    def add(self, key: tuple[int, int], segment: Segment, state: State) -> None:
        """Take one segment."""
        start = max(segment.start, self._began)
        self._forget(segment.end)
        drawn = self._drawn.get(key)
        if drawn is None:
            if len(self._drawn) >= MOST_LANES:
                self._crowded = True
                return
            drawn = self._drawn[key] = _Drawn()
        if start < segment.end:
            drawn.add(start, segment.end, _what(segment, state), self._most)
        self._taken += 1
        if self._taken % COUNTED == 0 and sum(len(each.pieces) for each in self._drawn.values()) > MOST_KEPT:
            self._share(MOST_KEPT, segment.end)

    def _share(self, room: int, now: int) -> None:
        """Share the room that there is among all lanes; those that have less than their part keep what they have."""
        self._most = min(max(room // len(self._drawn), FEWEST_KEPT), MOST_SPANS)
        for drawn in self._drawn.values():
            drawn.draw_coarser(self._most, now)

    def _forget(self, now: int) -> None:
        """Forget what is older than what is kept, a few times in that."""
        if self._keep is None or now - self._forgot < self._keep // 8:
            return
        self._forgot, until = now, now - self._keep
        self._most = min(max(MOST_KEPT // max(len(self._drawn), 1), FEWEST_KEPT), MOST_SPANS)
        for drawn in self._drawn.values():
            drawn.forget(until, self._most)
        self._drawn = {key: drawn for key, drawn in self._drawn.items() if drawn.pieces}
        self._redrawn = {
            key: [piece for piece in pieces if piece[1] >= until]
            for key, pieces in self._redrawn.items()
            if key in self._drawn
        }
        lines = {pool: [each for each in line if each[1] >= until] for pool, line in self._lines.items()}
        self._lines = {pool: line for pool, line in lines.items() if line}
        self._stops = [each for each in self._stops if each[2] >= until]
        self._crowded = self._line_is_full = False

    def redraw(self, key: tuple[int, int], segment: Segment, state: State) -> None:
        """A segment that was taken turned out to be something else."""
        redrawn = self._redrawn.setdefault(key, [])
        if len(redrawn) < self._most:
            redrawn.append((segment.start, segment.end, *_what(segment, state)))

    def drop(self, key: tuple[int, int]) -> None:
        """Leave a thread out."""
        self._drawn.pop(key, None)
        self._redrawn.pop(key, None)

    def in_line(self, pool: tuple[int, int], since: int, until: int, site: Site | None) -> None:
        """Work waited in a pool's line."""
        line = self._lines.setdefault(pool, [])
        if len(line) < self._most:
            line.append((since, until, site))
        else:
            self._line_is_full = True

    def stopped(self, pid: int, since: int, until: int) -> None:
        """A process was stopped."""
        self._stops.append((pid, since, until))

    def finish(
        self,
        now: int,
        name: Callable[[tuple[int, int]], str],
        role: Callable[[tuple[int, int]], Role],
        going: Mapping[tuple[int, int], list[tuple[Segment, State]]] | None = None,
    ) -> tuple[Lane, ...]:
        """Return the lanes: loops first, then main and other threads, workers, and lines.

        Args:
            now: where they end.
            name: of a thread.
            role: of a thread.
            going: what the threads do that has not ended. Then the lanes begin where what is kept does.
        """
        order = {"loop": 0, "main": 1, "worker": 2, "other": 3}
        began = self._began if going is None else self.since(now)
        known = self._drawn.keys() | (going or {}).keys()
        keys = sorted(known, key=lambda key: (order[role(key)], name(key), key))[: max(len(self._drawn), MOST_LANES)]
        lanes = []
        for key in keys:
            on: list[Piece] = [
                (segment.start, segment.end, *_what(segment, state)) for segment, state in (going or {}).get(key, ())
            ]
            lanes.append(Lane(name(key), role(key), _spans([*self._with_stops(key), *on], began, now)))
        for number, line in enumerate(self._lines.values(), 1):
            title = "queued for the pool" if len(self._lines) == 1 else f"queued for pool {number}"
            lanes.append(Lane(title, None, _spans(_depths(line), began, now, "idle")))
        return tuple(lanes)

    def since(self, now: int) -> int:
        """Return from when on the lanes are kept."""
        return max(self._began, now - self._keep) if self._keep is not None else self._began

    def _with_stops(self, key: tuple[int, int]) -> list[Piece]:
        stops: list[Piece] = [(since, until, *STOPPED) for pid, since, until in self._stops if pid == key[0]]
        return _laid_over(
            _laid_over(self._drawn[key].pieces if key in self._drawn else [], self._redrawn.get(key, [])), stops
        )


def _spans(pieces: list[Piece], began: int, now: int, gap: State = "unseen") -> tuple[Span, ...]:
    """The pieces from `began` to `now`, and what lies between them, in milliseconds since `began`."""
    spans: list[Span] = []
    at = began
    for start, end, *what in pieces:
        begin, until = max(start, at), min(end, now)
        if until <= begin:
            continue
        if begin > at:
            spans.append(Span((at - began) / MS, (begin - began) / MS, gap))
        spans.append(Span((begin - began) / MS, (until - began) / MS, *what))  # type: ignore[arg-type]
        at = until
    if at < now:
        spans.append(Span((at - began) / MS, (now - began) / MS, gap))
    return tuple(spans)


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
