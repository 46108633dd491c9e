"""Findings as stacks that have a weight, for flame graphs: the outermost frame first, what was waited in last.

An off-CPU flame graph (Brendan Gregg, <https://www.brendangregg.com/offcpuanalysis.html>) has the time that threads
waited where another has the time that they ran. So the last frame is the system call with its target; where there is
none, what took the time instead, in brackets: `[computes]`, `[waits for the GIL]`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from compare.report.axis import name_of, workload_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compare.results import Finding, Run, Site

WITHOUT_A_CALL = {
    "lock": "waits for a lock",
    "gil": "waits for the GIL",
    "page-fault": "page fault",
    "pool-queue": "queued for the pool",
    "compute": "computes",
    "gc": "collects garbage",
    "busy-polling": "busy-polls",
    "backlog": "many short callbacks",
    "hops": "hops to a thread and back",
    "exit": "the program's exit waits",
    "stopped": "stopped by a signal",
    "starved": "got no CPU",
    "starved-thread": "waits for a thread that got no CPU",
    "starved-holder": "waits for the GIL of a thread that got no CPU",
}
"""The last frame of what is no system call, by kind, else by place."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: a line of code, or (without a file) what was waited in."""

    name: str
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        """Return what a flame graph writes on it."""
        return self.name if self.file is None else f"{self.name} ({self.file}:{self.line})"


@dataclass(frozen=True, slots=True)
class Stack:
    """Where a thread waited.

    Attributes:
        thread: its name.
        frames: outermost first; the last one is what it waited in.
        finding: what it is of; its `total_ms` is the weight.
    """

    thread: str
    frames: tuple[Frame, ...]
    finding: Finding


def stacks(run: Run) -> Iterator[Stack]:
    """Every finding of a run as the stack of its longest wait, worst first; none where it was not observed."""
    for finding in run.observation.findings if run.observation else ():
        sites = finding.stack or ((finding.site,) if finding.site else ())
        yield Stack(finding.thread, (*map(_frame, reversed(sites)), Frame(_leaf(finding))), finding)


def title_of(run: Run) -> str:
    """What the run is called among others: `asyncio_aiofiles on asyncio (file: state cold, files 8)`."""
    return f"{name_of(run)} ({workload_of(run)})"


def _frame(site: Site) -> Frame:
    return Frame(site.function, site.file, site.line)


def _leaf(finding: Finding) -> str:
    if finding.call is not None and finding.place in ("loop-thread", "worker-thread", "page-fault"):
        return f"{finding.call} {finding.target}" if finding.target else finding.call
    what = WITHOUT_A_CALL.get(finding.kind or "") or WITHOUT_A_CALL.get(finding.place) or finding.place
    return f"[{what}: {finding.target}]" if finding.target else f"[{what}]"
