"""What is left where there is no `/proc`, or it may not be read: how late a loop gets round to a ping.

The agent still tells which loops run and whose work waits in line. A loop is then pinged all the time, and a ping that
comes back late was in line behind something; what that was cannot be seen from here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from compare.observe.agent.channel import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from compare.observe.agent.record import Record
    from compare.observe.judge.judge import Judge

EVERY_NS = 5_000_000
"""How often an idle loop is pinged: it costs the program a wake-up each."""


class Pings:
    """Pings loops, and tells a judge of those that answered late."""

    def __init__(self, judge: Judge, ask: Callable[[int], None]) -> None:
        """Tell `judge`; `ask` has the agent ping the loop in a thread."""
        self._judge, self._ask = judge, ask
        self._due: dict[int, int] = {}
        self._pinged: dict[int, int] = {}

    def tick(self, now: int, tids: Iterable[int]) -> None:
        """Ping the loops whose last ping came back."""
        for tid in tids:
            if now >= self._due.get(tid, 0):
                self._due[tid] = now + 1_000_000_000  # unless it comes back before
                self._ask(tid)

    def note(self, record: Record, tid: int) -> None:
        """Take what the agent notes of a ping."""
        if record.kind is Kind.PINGED:
            self._pinged[tid] = record.time_ns
        elif (sent := self._pinged.pop(tid, None)) is not None:
            self._due[tid] = record.time_ns + EVERY_NS
            self._judge.late(record.time_ns - sent)


def reason(pid: int) -> str | None:
    """Say why the threads of a process can't be looked at; `None` if they can, or if it has ended."""
    if not Path("/proc/self/task").exists():
        return "system calls, threads and lines can't be seen: this platform has no /proc"
    try:
        Path(f"/proc/{pid}/syscall").read_bytes()
    except PermissionError:
        return f"system calls, threads and lines can't be seen: the kernel lets this user not look into process {pid}"
    except OSError:
        return None
    return None
