"""What is left where there is no `/proc`, or it may not be read: how late a loop gets round to a ping.

The agent still tells which loops run and whose work waits in line. A loop is then pinged all the time, and a ping that
comes back late was in line behind something; what that was cannot be seen from here. An agent that goes by its own
clock looks at the loop's thread meanwhile: it tells the line, and whether the thread ran, but in no case which call.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from compare.observe.agent.channel import Kind
from compare.observe.interpreter.code_objects import Code
from compare.observe.interpreter.stacks import Frame
from compare.observe.interpreter.views import view
from compare.observe.judge.segments import Segment
from compare.observe.kernel.linux_calls import has_proc
from compare.results import AGENT_ALONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from compare.observe.agent.record import Record
    from compare.observe.judge.judge import Judge

WITHOUT = f"{AGENT_ALONE} can't be seen: this platform has no /proc"
SWITCH_NS = 5_000_000
"""CPython asks a thread that computes to let go of the GIL after 5 ms; one that keeps it longer is in C code."""
STILL_NS = 15_000_000
"""For how long a stack must not change to be told as a wait: three looks. What is shorter may be a busy machine's."""
TICK_NS = 15_625_000 if sys.platform == "win32" else 0
"""By how much a thread's time on a processor may be wrong: Windows counts whole ticks of its clock."""
EVERY_NS = 5_000_000
"""How often an idle loop is pinged: it costs the program a wake-up each."""


@dataclass(slots=True)
class _Look:
    """When a loop's thread was looked at, and its frames, innermost first."""

    at: int
    frames: list[Frame]


class Pings:
    """Pings loops, and tells a judge of those that answered late."""

    def __init__(self, pid: int, judge: Judge, ask: Callable[[int], None]) -> None:
        """Tell `judge` of process `pid`; `ask` has the agent ping the loop in a thread."""
        self._pid, self._judge, self._ask = pid, judge, ask
        self._due: dict[int, int] = {}
        self._pinged: dict[int, tuple[int, int]] = {}
        """When the ping was put in line that each loop has not got round to, and how late the agent was with it."""
        self._looks: dict[int, list[_Look]] = {}
        self._turned: dict[int, int] = {}
        """When each loop got round to its last ping."""

    def tick(self, now: int, tids: Iterable[int]) -> None:
        """Ping the loops whose last ping came back."""
        for tid in tids:
            if now >= self._due.get(tid, 0):
                self._due[tid] = now + 1_000_000_000  # unless it comes back before
                self._ask(tid)

    def held(self, tid: int, now: int) -> int:
        """Return how long a loop has not come round to a ping that stands in its line; 0 where none does for long."""
        sent, _ = self._pinged.get(tid, (now, 0))
        return now - sent if now - sent > EVERY_NS else 0

    def note(self, record: Record, tid: int, depth: int = 0) -> None:
        """Take what the agent notes of a ping; `depth`: how many frames lie below the loop, where that is told."""
        if record.kind is Kind.PINGED:
            self._pinged[tid] = record.time_ns, record.amount * 1000
        elif (sent := self._pinged.pop(tid, None)) is not None:
            self._due[tid] = record.time_ns + EVERY_NS
            self._came_round(tid, *sent, record, depth)

    def stands(self, record: Record, tid: int, text: str) -> None:
        """Take a frame that the agent has seen in a loop's thread."""
        qualname, _, filename = text.partition("\0")
        frame = Frame(Code(filename, qualname, record.line, ()), record.line, record.first, 0, 0)
        looks = self._looks.setdefault(tid, [])
        if not record.code:
            looks.append(_Look(record.time_ns, []))
        if looks:
            looks[-1].frames.append(frame)

    def _came_round(self, tid: int, sent: int, late: int, pong: Record, depth: int) -> None:
        """Tell what is proved of the time in which the loop did not come round."""
        looks = self._looks.pop(tid, [])
        on_cpu, before = pong.amount * 1000, sent - late - self._turned.get(tid, sent - late)
        self._turned[tid] = pong.time_ns
        # What kept the agent from pinging was the loop, if its thread ran all that time: it kept the GIL.
        if late > SWITCH_NS and (on_cpu - before - TICK_NS) * 2 > late + pong.time_ns - sent:
            sent -= late
        else:
            before += late
        held = pong.time_ns - sent
        begins = [sent, *(max(look.at, sent) for look in looks[1:]), pong.time_ns]
        still = max(end - begin for begin, end in pairwise(begins))
        kind = _kind(held, on_cpu, before, pong.line * 1000)
        if not looks or kind is None or (kind == "call" and still < STILL_NS):
            self._judge.late(held)
            return
        self._judge.turned(self._pid, tid, sent)
        self._judge.held_from(self._pid, tid, sent)
        for look, begin, end in zip(looks, begins, begins[1:], strict=False):
            segment = Segment(begin, kind, end=end, view=view(look.frames, os.sep, depth or None))
            segment.cpu = segment.ns if kind == "running" else 0
            if segment.view is not None and not segment.view.own:  # else it was in its poller, and late to run
                self._judge.segment(self._pid, tid, segment)
        self._judge.turned(self._pid, tid, pong.time_ns)


def _kind(held: int, on_cpu: int, before: int, kept: int) -> Literal["running", "call"] | None:
    """Whether a loop's thread ran in most of the time, or waited; `None` where neither is proved.

    Args:
        held: the time, in nanoseconds.
        on_cpu: how long the thread ran in it, and in what came before.
        before: how long that was: it may have run then.
        kept: how long the agent was kept from running meanwhile. The loop's thread was perhaps kept from it, too: by
            who has the GIL, or by other programs.
    """
    if (on_cpu - before - TICK_NS) * 2 > held:
        return "running"
    return "call" if (on_cpu + TICK_NS) * 2 < held and kept * 2 < held else None


def reason(pid: int) -> str | None:
    """Say why the threads of a process can't be looked at; `None` if they can, or if it has ended."""
    if not has_proc():
        return WITHOUT
    try:
        Path(f"/proc/{pid}/syscall").read_bytes()
    except PermissionError:
        return f"system calls, threads and lines can't be seen: the kernel lets this user not look into process {pid}"
    except OSError:
        return None
    return None
