"""A watch that goes on, as a screen: how late each loop is, and what was found in the last ten seconds.

What is shown is a picture of one moment, so that a screen that is paused can still be looked through. No line is
longer than the screen is wide, and there are no more lines than it is high.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from compare.report import advice
from compare.report.escape import escaped, printable
from compare.report.gathered import gather
from compare.report.terminal.summary import often
from compare.report.watch.lateness import Late, Lateness
from compare.report.watch.periodic import held_now, lateness, queued
from compare.report.watch.stalls_added import added
from compare.report.wrap import cut, padded, wrapped
from compare.results import LOOP_PLACES, milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from compare.report.gathered import Gathered
    from compare.results import LoopNow, News, QueueNow, Stall

RECENT_MS, LINE_MS = 10_000.0, 60_000.0
STEPS = 30
"""How many cells a loop's last minute has."""
MOST_STALLS = 5_000
MOST_LOOPS = 8
NAME, FIGURES = 28, 42
"""Columns of a loop's name at the most, and of its figures."""
HEIGHTS, ASCII_HEIGHTS = "▁▂▃▄▅▆▇█", "_.:-=+*#"
"""Nothing over the threshold, and then twice as long with each."""
KEYS = "p pause   s sort   ↑ ↓ choose   Enter stack   w write a report   q end"
MARK, PLAIN, CHOSEN, FAINT = "bold", "", "reverse", "dim"

SORTS: dict[str, Callable[[Gathered], float]] = {
    "total": lambda found: -found.total_ms,
    "longest": lambda found: -found.longest_ms,
    "count": lambda found: -found.count,
}
"""By what findings are sorted; what holds a loop comes first in each."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What is to be shown of one moment."""

    clock: str = ""
    at_ms: float = 0.0
    threads: int = 0
    tasks: int | None = None
    loops: tuple[tuple[LoopNow, Late, tuple[float, ...]], ...] = ()
    queues: tuple[QueueNow, ...] = ()
    found: tuple[Gathered, ...] = ()
    missing: tuple[str, ...] = ()
    unheard: int = 0


class WatchScreen:
    """Takes news and keys, and says what the screen shows.

    Attributes:
        wants_report: whether a report was asked for, and is to be written.
        wants_end: whether the end of the watch was.
        note: what is told in the last line but one.
    """

    def __init__(self, title: str, threshold_ms: float, *, ascii_only: bool = False) -> None:
        """Nothing has been heard yet; without `ascii_only`, a loop's line is drawn with block elements."""
        self._title, self._threshold = printable(title), threshold_ms
        self._heights = ASCII_HEIGHTS if ascii_only else HEIGHTS
        self._lateness = Lateness(LINE_MS)
        self._stalls: deque[tuple[float, Stall]] = deque(maxlen=MOST_STALLS)
        self._picture = Picture()
        self._is_paused, self._sort = False, "total"
        self._opened: Gathered | None = None
        """The finding whose stack is shown, as it was when it was there last."""
        self._chosen: tuple[object, ...] | None = None
        self.wants_report = self.wants_end = False
        self.note = ""

    def hear(self, news: News) -> None:
        """Take what is new."""
        news = escaped(news)
        self._lateness.hear(news)
        self._stalls += [(news.at_ms, stall) for stall in news.stalls]
        while self._stalls and self._stalls[0][0] < news.at_ms - RECENT_MS:
            self._stalls.popleft()
        if not self._is_paused:
            self._picture = self._pictured(news)
            self._opened = self._now_chosen() or self._opened if self._opened is not None else None

    def _pictured(self, news: News) -> Picture:
        loops = tuple(
            (loop, self._lateness.of(loop, RECENT_MS), tuple(self._lateness.line(loop, STEPS, LINE_MS / STEPS)))
            for loop in news.loops
        )
        clock = dt.datetime.now().astimezone().strftime("%H:%M:%S")
        found = tuple(gather(each.found for each in added(stall for _, stall in self._stalls)))
        return Picture(
            clock, news.at_ms, news.threads, news.tasks, loops, news.queues, found, news.missing, news.unheard
        )

    def key(self, name: str) -> None:
        """Take a key: a letter, `up`, `down`, `enter` or `escape`."""
        match name:
            case "p":
                self._is_paused = not self._is_paused
            case "s":
                self._sort = list(SORTS)[(list(SORTS).index(self._sort) + 1) % len(SORTS)]
            case "up" | "down":
                self._move(-1 if name == "up" else 1)
            case "enter":
                self._move(0)
                self._opened = None if self._opened is not None else self._now_chosen()
            case "escape":
                self._opened = None
            case "w":
                self.wants_report = True
            case "q":
                self.wants_end = True

    def _sorted(self) -> list[Gathered]:
        by = SORTS[self._sort]
        return sorted(self._picture.found, key=lambda each: (each.first.place not in LOOP_PLACES, by(each)))

    def _at(self, found: Sequence[Gathered]) -> int | None:
        """Where the chosen one is now; `None` where none is chosen, or it is gone."""
        return next((at for at, each in enumerate(found) if _known_by(each) == self._chosen), None)

    def _now_chosen(self) -> Gathered | None:
        found = self._sorted()
        at = self._at(found)
        return found[at] if at is not None else None

    def _move(self, by: int) -> None:
        found = self._sorted()
        if found:
            at = self._at(found)
            at = 0 if at is None else min(max(at + by, 0), len(found) - 1)
            self._chosen = _known_by(found[at])
            self._opened = found[at] if self._opened is not None else None

    # --- what is shown ------------------------------------------------------------------------------------------

    def lines(self, width: int, height: int) -> list[Text]:
        """Return the screen's lines: exactly `height`, none wider than `width` cells."""
        foot = [Text(self.note, MARK), Text(KEYS, FAINT)]
        head = [*self._head(width), *self._loops(width)]
        room = max(height - len(head) - len(foot), 0)
        shown = (self._findings(width, room) if self._opened is None else self._stack(self._opened, width))[:room]
        lines = [*head, *shown, *[Text()] * (room - len(shown)), *foot][-height:] if height > 2 else foot[:height]
        for line in lines:
            line.truncate(width, overflow="crop")
        return lines

    def _head(self, width: int) -> Iterator[Text]:
        picture = self._picture
        told = [f"watched for {_span(picture.at_ms)}", picture.clock, *(["PAUSED"] if self._is_paused else [])]
        right = "   ".join(told)
        yield Text(padded(self._title, max(width - len(right) - 1, 8)) + " " + right, MARK)
        counts = [_many(len(picture.loops), "loop")]
        counts += [_many(picture.threads, "thread")] if picture.threads else []  # else they can't be seen
        counts += [_many(picture.tasks, "task")] if picture.tasks is not None else []
        yield Text(cut(", ".join(counts), width))
        if picture.missing:
            yield from map(Text, _few(f"not seen: {'; '.join(picture.missing)}", width))
        yield Text()

    def _loops(self, width: int) -> Iterator[Text]:
        picture, name = self._picture, max(min(NAME, width - FIGURES), 8)
        heads = ("median", "99th pct.", "worst")
        told = " ".join(f"{head:>9}" for head in heads)
        yield Text(f"{padded('LOOP, late by', name)} {'':>9} {told}  the last minute", MARK)
        if not picture.loops:
            yield Text("no event loop runs", FAINT)
        cells = max(width - name - FIGURES, 1)
        for loop, late, line in picture.loops[:MOST_LOOPS]:
            figures = (late.median, late.p99, late.worst)
            told = " ".join(f"{lateness(each, self._threshold):>9}" for each in figures)
            now = f"now {milliseconds(loop.held_ms)}" if loop.held_ms >= self._threshold else ""
            is_late = late.worst >= self._threshold
            yield Text(
                f"{padded(loop.thread, name)} {now:>9} {told}  {self._line(line[-cells:])}", MARK if is_late else PLAIN
            )
            if held := held_now(loop, self._threshold):
                yield from map(Text, _few(held.removeprefix("; "), width, "  "))
        if len(picture.loops) > MOST_LOOPS:
            yield Text(f"… and {len(picture.loops) - MOST_LOOPS} more")
        for queue in picture.queues[:MOST_LOOPS]:
            yield Text(cut(queued(queue), width))
        yield Text()

    def _line(self, steps: Sequence[float]) -> str:
        return "".join(self._heights[min(_doubled(each / self._threshold), len(self._heights) - 1)] for each in steps)

    def _findings(self, width: int, room: int) -> list[Text]:
        title = f"FOUND in the last {RECENT_MS / 1000:g} s, sorted by {self._sort}"
        if self._picture.unheard:
            title += f"; {self._picture.unheard:,} more had no room"
        found = self._sorted()
        if not found:
            return [Text(cut(title, width), MARK), Text(self._nothing(), FAINT)]
        at = self._at(found) or 0
        blocks = [_told(each, width) for each in found]
        first = 0
        while first < at and sum(map(len, blocks[first : at + 1])) > room - 1:  # the chosen one is seen
            first += 1
        lines = [Text(cut(title, width), MARK)]
        for each, block in zip(found[first:], blocks[first:], strict=True):
            style = CHOSEN if _known_by(each) == self._chosen else PLAIN
            lines += [Text(padded(line, width) if style else line, style) for line in block]
        return lines

    def _nothing(self) -> str:
        """An all-clear, of what was seen alone."""
        where = "of what was seen, nothing" if self._picture.missing else "nothing"
        return f"{where} waited for {self._threshold:g} ms or longer where it should not"

    def _stack(self, found: Gathered, width: int) -> list[Text]:
        first = found.first
        lines = [Text("STACK of the longest wait, innermost line first", MARK)]
        lines += [Text(line) for line in _told(found, width)]
        lines += [Text(cut(f"{'':12}in {first.task}", width))] if first.task is not None else []
        sites = first.stack or ((first.site,) if first.site is not None else ())
        for site in sites:
            mark = ">" if site == first.site else " "
            lines.append(Text(cut(f"{'':10}{mark} {advice.relative(site.file)}:{site.line} in {site.function}", width)))
        return lines if sites else [*lines, Text(f"{'':12}no stack could be read", FAINT)]


def title_of(what: str, pid: int | None) -> str:
    """What the screen is called."""
    return f"compare  {what}" + (f", process {pid}" if pid is not None else "")


def _known_by(found: Gathered) -> tuple[object, ...]:
    first = found.first
    return first.place, first.kind, first.role, first.call, first.site


def _told(found: Gathered, width: int) -> list[str]:
    mark = "!" if found.first.place in LOOP_PLACES else " "
    words = f"{advice.what_all(found)}{often(found)}"
    lines = wrapped(words, width, f"{mark} {milliseconds(found.total_ms):>8}  ", " " * 12)
    if found.first.code and mark == "!":
        lines.append(cut(f"{'':12}> {found.first.code.strip()}", width))
    return lines


def _few(text: str, width: int, before: str = "") -> list[str]:
    """A text in two lines at most."""
    lines = wrapped(text, width, before, before + "    ")
    return lines if len(lines) <= 2 else [lines[0], cut(lines[1] + " ".join(lines[2:]), width)]


def _doubled(times: float) -> int:
    """0 below 1; then how often it was doubled, and one more."""
    return 0 if times < 1 else int(times).bit_length()


def _many(count: int, what: str) -> str:
    return f"one {what}" if count == 1 else f"{count:,} {what}s"


def _span(ms: float) -> str:
    seconds = int(ms / 1000)
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
