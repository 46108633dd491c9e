"""A watch that goes on, told every so many seconds: how late each loop was since, and what was found since.

A line a loop, a line a pool that work is queued for, and the worst findings; the whole report comes at the end.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from compare.report import advice
from compare.report.escape import escaped
from compare.report.gathered import gather
from compare.report.terminal.summary import FIGURE, INDENT, WIDTH, often
from compare.report.watch.lateness import Lateness
from compare.report.watch.stalls_added import added
from compare.report.wrap import wrapped
from compare.results import LOOP_PLACES, milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compare.report.gathered import Gathered
    from compare.results import LoopNow, News, QueueNow, Stall

MOST_FINDINGS = 5
MOST_STALLS = 2_000
"""How many are kept before they are added up."""


class Periodic:
    """Takes news as they come, and tells what is due."""

    def __init__(self, every_s: float, threshold_ms: float) -> None:
        """Tell every `every_s` seconds; a loop that was late for less than `threshold_ms` was not late."""
        self._every, self._threshold = every_s * 1000, threshold_ms
        self._lateness = Lateness(self._every)
        self._due = self._every
        self._stalls: list[Stall] = []
        self._missing: dict[str, None] = {}
        self._unheard = 0

    def hear(self, news: News, width: int = WIDTH) -> str:
        """Take what is new; returns a summary where one is due, else nothing."""
        news = escaped(news)
        self._lateness.hear(news)
        self._stalls += news.stalls
        if len(self._stalls) > MOST_STALLS:
            self._stalls = added(self._stalls)
        self._unheard += news.unheard
        if news.at_ms < self._due:
            return ""
        lines = list(self._lines(news, max(width, 40)))
        self._due = (news.at_ms // self._every + 1) * self._every
        self._stalls, self._unheard = [], 0
        return "\n".join(lines) + "\n"

    def _lines(self, news: News, width: int) -> Iterator[str]:
        at = dt.datetime.now().astimezone().strftime("%H:%M:%S")
        threads = {0: "", 1: ", one thread"}.get(news.threads, f", {news.threads} threads")  # 0: they can't be seen
        yield f"compare: {at}, the last {self._every / 1000:g} s{threads}"
        for sentence in news.missing:
            if sentence not in self._missing:
                self._missing[sentence] = None
                yield from wrapped(f"not seen: {sentence}", width, "  ", INDENT)
        if not news.loops:
            yield "  no event loop runs"
        for loop in news.loops:
            yield from wrapped(self._loop(loop), width, "  ", INDENT)
        for queue in news.queues:
            yield from wrapped(queued(queue), width, "  ", INDENT)
        yield from self._findings(width)

    def _loop(self, loop: LoopNow) -> str:
        late = self._lateness.of(loop, self._every)
        figures = (("median", late.median), ("99th percentile", late.p99), ("worst", late.worst))
        told = ", ".join(f"{lateness(value, self._threshold)} ({name})" for name, value in figures)
        return f"loop in {loop.thread}: late by {told}{held_now(loop, self._threshold)}"

    def _findings(self, width: int) -> Iterator[str]:
        found = gather(stall.found for stall in added(self._stalls))
        found.sort(key=lambda each: each.first.place not in LOOP_PLACES)
        for each in found[:MOST_FINDINGS]:
            yield from finding(each, width)
        if len(found) > MOST_FINDINGS:
            yield f"  … and {len(found) - MOST_FINDINGS} more"
        if self._unheard:
            yield f"  … and {self._unheard:,} stalls and turns that there was no room for"


def lateness(ms: float, threshold_ms: float) -> str:
    """A lateness for people: what is shorter than the threshold is not told apart."""
    return milliseconds(ms) if ms >= threshold_ms else f"<{threshold_ms:g} ms"


def held_now(loop: LoopNow, threshold_ms: float) -> str:
    """What holds a loop at this moment; nothing where it is not held for as long as the threshold."""
    if loop.held_ms < threshold_ms:
        return ""
    call = f" in `{loop.call}`" if loop.call else ""
    target = f" for {loop.target}" if loop.target else ""
    at = f" at {advice.short(loop.site)}" if loop.site is not None else ""
    return f"; held now, for {milliseconds(loop.held_ms)}{call}{target}{at}"


def queued(queue: QueueNow) -> str:
    """A pool that work is queued for."""
    of = "one thread" if queue.size == 1 else f"{queue.size} threads"
    return (
        f"pool of {of} in process {queue.process}: {queue.queued} queued, the first for {milliseconds(queue.oldest_ms)}"
    )


def finding(gathered: Gathered, width: int) -> list[str]:
    """A finding with its time before it; what holds a loop is marked."""
    mark = "!" if gathered.first.place in LOOP_PLACES else " "
    words = f"{advice.what_all(gathered)}{often(gathered)}"
    return wrapped(words, width, f"{mark} {milliseconds(gathered.total_ms):>{FIGURE}}  ", INDENT)
