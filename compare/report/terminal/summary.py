"""The end of `compare script`, on one screen: what could not be seen, how the loop fared, and what waited where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.report import advice
from compare.report.escape import escaped
from compare.report.gathered import gather
from compare.report.wrap import cut, wrapped
from compare.results import LOOP_PLACES, milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compare.report.gathered import Gathered
    from compare.results import Finding, Observation, Run

WIDTH, HEIGHT = 80, 40
"""Columns and lines of a screen that is not known."""

FIGURE = 8
"""Columns of a finding's time."""

INDENT = " " * (FIGURE + 4)


def render(run: Run, threshold_ms: float, width: int = WIDTH, height: int = HEIGHT) -> str:
    """Return the summary of one observed program.

    Args:
        run: what was seen.
        threshold_ms: what was told as a wait, in milliseconds.
        width: columns; no line is wider.
        height: lines; there are not many more: what does not fit is counted.
    """
    return "\n".join(_lines(escaped(run), threshold_ms, max(width, 40), height))


def _lines(run: Run, threshold_ms: float, width: int, height: int) -> Iterator[str]:
    seen = run.observation
    if seen is None:
        reason = "; ".join(run.notes) or run.reason
        yield from _said(f"{run.variant}: {_end(run)}nothing was observed: {reason}", width)
        return
    head = _said(f"{run.variant}: {_end(run)}after {milliseconds(seen.duration_ms)}{_threads(seen.threads)}", width)
    for sentence in dict.fromkeys(seen.missing):
        head += _said(f"not seen: {sentence}", width)
    head += _said(_loop(seen, threshold_ms), width)
    if not seen.findings:
        head += _said(_nothing(seen, threshold_ms), width)
    yield from head
    yield from _findings(seen, width, height - len(head) - 2)


def _said(words: str, width: int) -> list[str]:
    return wrapped(f"compare: {words}", width, others="    ")


def _end(run: Run) -> str:
    if run.exit_status is None:
        return ""
    if run.exit_status < 0:
        return f"{run.reason} "
    return f"exit status {run.exit_status} "


def _threads(count: int) -> str:
    """How many there were; nothing where they could not be seen."""
    return {0: "", 1: ", one thread"}.get(count, f", {count} threads")


def _loop(seen: Observation, threshold_ms: float) -> str:
    loop = seen.loop
    if loop is None:
        return "no event loop was seen"
    if not loop.stalls:
        where = "of what was seen, the loop" if seen.missing else "the loop"
        return f"{where} was never blocked for {threshold_ms:g} ms or longer"
    times = "once" if loop.stalls == 1 else f"{loop.stalls} times"
    total, longest = milliseconds(loop.total_ms), milliseconds(loop.longest_ms)
    return f"the loop was blocked {times}, {total} in all, {longest} at most"


def _nothing(seen: Observation, threshold_ms: float) -> str:
    """An all-clear, of what was seen alone; or why nothing is told of what blocked the loop."""
    if seen.loop is not None and seen.loop.stalls:
        return f"no single cause of that took {threshold_ms:g} ms or longer"
    where = "of what was seen, nothing" if seen.missing else "nothing"
    return f"{where} waited for {threshold_ms:g} ms or longer where it should not"


def _findings(seen: Observation, width: int, room: int) -> Iterator[str]:
    """Those of the loop, worst first, then those of threads that may wait, and what was the machine's doing."""
    loop, others, machine = (gather(found) for found in _by_whom(seen))
    blocks = [_finding(each, width, "!") for each in loop]
    blocks += _under("Threads that may wait, and do no other work meanwhile:", others, width)
    blocks += _under("The machine's doing, and not the program's:", machine, width)
    yield ""
    yield from _as_many_as_fit(blocks, width, room - 1)


def _by_whom(seen: Observation) -> tuple[list[Finding], list[Finding], list[Finding]]:
    """What held a loop, what others waited in, and what a machine that is busy, or a signal, kept from running."""
    others = [finding for finding in seen.findings if finding.place not in LOOP_PLACES]
    return (
        [finding for finding in seen.findings if finding.place in LOOP_PLACES],
        [finding for finding in others if finding.place != "kernel"],
        [finding for finding in others if finding.place == "kernel"],
    )


def _under(title: str, found: list[Gathered], width: int) -> list[list[str]]:
    """A block for each of these, the first with a title above it."""
    blocks = [_finding(each, width, " ") for each in found]
    return [["", *wrapped(title, width), *blocks[0]], *blocks[1:]] if blocks else []


def _as_many_as_fit(blocks: list[list[str]], width: int, room: int) -> Iterator[str]:
    """The first of all, the others while there is room, and how many there is none for."""
    shown, used = 0, 0
    every = sum(map(len, blocks)) <= room
    for block in blocks:
        used += len(block)
        if shown and not every and used > room - len(_others(len(blocks), width)):
            break
        shown += 1
        yield from block
    if shown < len(blocks):
        yield from _others(len(blocks) - shown, width)


def _others(count: int, width: int) -> list[str]:
    return wrapped(f"… and {count} more that waited less; --html FILE and --json FILE have them all", width)


def _finding(gathered: Gathered, width: int, mark: str) -> list[str]:
    """A finding with its time before it, its line of code below."""
    first = gathered.first
    helps = mark == "!" or first.place == "pool-queue" or first.kind == "hops"
    help_ = f": {advice.way_out(first)}" if helps else ""
    words = f"{advice.what_all(gathered)}{often(gathered)}{help_}"
    lines = wrapped(words, width, f"{mark} {milliseconds(gathered.total_ms):>{FIGURE}}  ", INDENT)
    if first.code and mark == "!":
        lines.append(cut(f"{INDENT}> {first.code.strip()}", width))
    return lines


def often(gathered: Gathered) -> str:
    """How many waits they were; of hops and of collections of garbage that is told already."""
    if gathered.count < 2 or gathered.first.kind in ("gc", "hops"):
        return ""
    return f", {gathered.count:,} waits, the longest {milliseconds(gathered.longest_ms)}"
