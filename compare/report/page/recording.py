"""A recording: at which line each thread stood, from when to when, and the code itself, for the player to show.

It is made of the lanes, so it holds nothing that they do not. It is small: a recording of more than `MOST_SPANS`
stretches grows coarser, in steps of twice the length, and says how coarse it is in `grain_us`. What is shorter than
that is told as the state that had most of the time, but never where nobody looked: a short stretch that holds an unseen
one is unseen as a whole. The longest wait of each state stays as it was.
"""

from __future__ import annotations

import tokenize
from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from compare.report.axis import groups, name_of, workload_of
from compare.report.escape import code_line, escaped
from compare.report.lanes import Folded, foremost, lane_name, longest_waits, weight
from compare.report.states import LOOKS, RANK
from compare.results import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from compare.results import Comparison, Lane, Run, Site, State

    Code = Callable[[str], Sequence[str]]

VERSION = 1
MOST_SPANS = 600
"""How many stretches of time a recording has at most, over all of its threads: each takes about 7 bytes."""
MOST_IN_ALL = 30_000
"""And how many all recordings of one file have together."""
MOST_LANES = 12
"""How many threads (and queues of pools) are recorded; the rest are counted."""
WHOLE, AROUND = 160, 12
"""A file of up to so many lines is shown as a whole; of a longer one, so many around each that a thread was at."""


def no_code(file: str) -> Sequence[str]:  # noqa: ARG001  one shape with those that read
    """The default: no code is shown. `compare.report.page.source.lines_of` reads it from disk."""
    return ()


def to_recordings(comparison: Comparison, code: Code = no_code) -> dict[str, Any]:
    """Turn what was observed into recordings, ready for `json.dump`.

    Args:
        comparison: runs without an observation are left out.
        code: the lines of a file, or none; a report reads no file by itself.

    Returns:
        `files` (name, and parts of first line and text), and `runs`, whose `sites` refer to files by number; `kinds` to
        states and sites; `threads` hold lengths in microseconds and kinds by turns, from the recording's beginning.
    """
    found = groups(comparison)
    every = [(run, group.short if found[1:] else "") for group in found for run in group.runs]
    observed = [(run, short) for run, short in every if run.observation and run.observation.lanes]
    most = min(MOST_SPANS, MOST_IN_ALL // max(len(observed), 1))
    files = _Files()
    runs = [_Recording(run, files, most).told(short) for run, short in observed]
    return {
        "recording": VERSION,
        "command": list(escaped(comparison.command)),
        "python": escaped(comparison.python),
        "platform": escaped(comparison.platform),
        "cpus": comparison.cpus,
        "started": escaped(comparison.started),
        "states": [[state, look.height, look.texture, look.wait] for state, look in LOOKS.items()],
        "files": files.told(code),
        "runs": runs,
    }


class _Files:
    """The files that threads stood in, by number, and at which lines."""

    def __init__(self) -> None:
        self._lines: dict[str, set[int]] = {}
        self._shown: dict[str, bool] = {}

    def number(self, site: Site) -> int:
        """The number of a site's file."""
        self._lines.setdefault(site.file, set()).add(site.line)
        self._shown[site.file] = site.owner == "user"
        return list(self._lines).index(site.file)

    def told(self, code: Code) -> list[dict[str, Any]]:
        """Each with its name, and the code of those that are the user's own."""
        return [
            {"name": escaped(file), "parts": parts_of(code(file), lines) if self._shown[file] else []}
            for file, lines in self._lines.items()
        ]


class _Recording:
    """One run, and what it refers to by number."""

    def __init__(self, run: Run, files: _Files, most: int) -> None:
        assert run.observation is not None
        self._run, self._seen, self._files, self._most = run, run.observation, files, most
        self._kinds: dict[tuple[int, str | None, str | None, int], int] = {}
        self._sites: dict[tuple[int, int, str], int] = {}

    def told(self, short: str) -> dict[str, Any]:
        """The recording itself; `short` tells its workload from the others'."""
        lanes = [one.lane for one in foremost([Folded(lane, ()) for lane in self._seen.lanes], MOST_LANES)]
        grain_us, thinned = _thinned(lanes, self._seen.duration_ms, self._most)
        threads = [self._thread(lane, spans) for lane, spans in zip(lanes, thinned, strict=True)]
        return {
            "name": escaped(name_of(self._run)),
            "workload": escaped(workload_of(self._run)),
            "short": escaped(short),
            "said": escaped(self._run.verdict),
            "us": _us(self._seen.duration_ms),
            "grain_us": grain_us,
            "more": len(self._seen.lanes) - len(lanes),
            "missing": list(escaped(self._seen.missing)),
            "files": sorted({file for file, _, _ in self._sites}),
            "sites": [list(site) for site in self._sites],
            "kinds": [list(kind) for kind in self._kinds],
            "threads": threads,
        }

    def _thread(self, lane: Lane, spans: Iterable[Span]) -> dict[str, Any]:
        flat: list[int] = []
        for span in spans:
            flat += (_us(span.end_ms) - _us(span.start_ms), self._kind(span))
        return {"role": lane.role or "", "name": escaped(lane.thread), "title": escaped(lane_name(lane)), "spans": flat}

    def _kind(self, span: Span) -> int:
        kind = (RANK[span.state], escaped(span.call), escaped(span.target), self._site(span.site))
        return self._kinds.setdefault(kind, len(self._kinds))

    def _site(self, site: Site | None) -> int:
        if site is None:
            return -1
        place = (self._files.number(site), site.line, escaped(site.function))
        return self._sites.setdefault(place, len(self._sites))


def _us(ms: float) -> int:
    return round(ms * 1000)


def _thinned(lanes: Sequence[Lane], total_ms: float, most: int) -> tuple[int, list[list[Span]]]:
    """The lanes in at most so many spans, and below which length they are told together, in microseconds."""
    told = [list(lane.spans) for lane in lanes]
    lengths = sorted(span.end_ms - span.start_ms for lane in lanes for span in lane.spans)
    sums = [0.0, *accumulate(lengths)]
    grain_ms = 0.0
    while sum(map(len, told)) > most and grain_ms < total_ms:
        grain_ms = 2 * grain_ms or 0.01
        while _fewest(lengths, sums, grain_ms) > most and grain_ms < total_ms:  # an hour's lanes take seconds each time
            grain_ms *= 2
        told = [coarser(lane.spans, grain_ms) for lane in lanes]
    return _us(grain_ms), told


def _fewest(lengths: Sequence[float], sums: Sequence[float], grain_ms: float) -> float:
    """How many spans `coarser` leaves at the least: the long ones, and the others in pieces of less than two grains."""
    short = bisect_left(lengths, grain_ms)
    return len(lengths) - short + sums[short] / (2 * grain_ms)


def coarser(spans: Sequence[Span], grain_ms: float) -> list[Span]:
    """The same stretch of time with neighbours shorter than `grain_ms` told as one, by the rule above."""
    keep = {id(span) for span in longest_waits(spans).values()}
    told: list[Span] = []
    short: list[Span] = []
    for span in spans:
        if id(span) in keep or span.end_ms - span.start_ms >= grain_ms:
            told += _as_one(short)
            told.append(span)
            short = []
        else:
            short.append(span)
            if span.end_ms - short[0].start_ms >= grain_ms:
                told += _as_one(short)
                short = []
    return [*told, *_as_one(short)]


def _as_one(short: Sequence[Span]) -> list[Span]:
    if not short:
        return []
    start, end = short[0].start_ms, short[-1].end_ms
    if any(span.state == "unseen" for span in short):
        return [Span(start, end, "unseen")]
    shares: dict[State, float] = {}
    for span in short:
        shares[span.state] = shares.get(span.state, 0.0) + weight(span.state, span.end_ms - span.start_ms)
    state = max(shares, key=lambda each: (shares[each], -RANK[each]))
    best = max((span for span in short if span.state == state), key=lambda span: span.end_ms - span.start_ms)
    return [Span(start, end, state, best.call, best.target, best.site)]


def parts_of(lines: Sequence[str], used: set[int]) -> list[list[Any]]:
    """What is shown of a file with threads at these lines: the number of each part's first line, and its text."""
    first = _below_the_docstring(lines)
    if min(used, default=first) < first:
        first = 1
    shown = {number for line in used for number in range(line - AROUND, line + AROUND + 1)}
    every = range(first, len(lines) + 1)
    numbers = list(every) if len(every) <= WHOLE else sorted(shown.intersection(every))
    parts: list[list[Any]] = []
    for number in numbers:
        text = code_line(lines[number - 1])
        if parts and parts[-1][0] + len(parts[-1][1]) == number:
            parts[-1][1].append(text)
        else:
            parts.append([number, [text]])
    return [[number, "\n".join(text)] for number, text in parts]


def _below_the_docstring(lines: Sequence[str]) -> int:
    """The first line of code that follows a module's docstring; 1 where there is none, or it can't be told."""
    texts = iter([*(f"{line}\n" for line in lines), ""])
    try:
        tokens = tokenize.generate_tokens(lambda: next(texts))
        first = next(each for each in tokens if each.type not in {tokenize.COMMENT, tokenize.NL})
    except (SyntaxError, ValueError, StopIteration, tokenize.TokenError):
        return 1
    if first.type != tokenize.STRING:
        return 1
    behind = first.end[0]
    return behind + 1 + next((at for at, line in enumerate(lines[behind:]) if line.strip()), 0)
