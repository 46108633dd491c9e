"""Loops that were not seen in their poller are pinged: whether they come round, and who keeps the GIL from the agent.

The agent puts a callback into the loop's line. Where it can't, for it waits for the GIL that the loop's own thread
keeps, that is a proof too: the loop is in one call of C. So it is in one collection of garbage, also where nobody
looked for a while: how many have ended is counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.observe.kernel import threads as kernel_threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.observe.sampler.notes_read import NotesRead
    from compare.observe.sampler.watched_process import WatchedProcess
    from compare.observe.sampler.watched_thread import WatchedThread

PING_AFTER_NS = 2_500_000
"""How long a loop has not been seen in its poller before it is pinged."""
GIVES_WAY_NS = 8_000_000
"""How often a loop is pinged that is known to come round without that: only a ping tells which task gives way."""
SWITCH_NS = 5_000_000
"""CPython asks a thread that computes to let go of the GIL after 5 ms; one that keeps it longer is in C code."""


def is_due(thread: WatchedThread, now: int) -> bool:
    """Whether it is to be found out if a loop comes round: by a ping, if nothing else tells it."""
    return not thread.pinged and now - thread.turned > PING_AFTER_NS


class LoopPings:
    """Pings the loops of one process."""

    def __init__(self, process: WatchedProcess, notes: NotesRead, ask: Callable[[int], None]) -> None:
        """`ask` has the agent ping the loop in a thread."""
        self._process, self._notes, self._ask = process, notes, ask
        self._kept_out: tuple[int, int] | None = None
        """Since when the agent waits for the GIL that a loop's thread keeps, and how often it had woken then."""
        self._kept_last = 0
        """When that was seen last."""
        self._agent_slices = 0
        self._collects: dict[int, tuple[tuple[int, ...], int]] = {}
        """The collection that was seen last in each loop's thread, by how many had ended, and since when."""

    def tick(self, now: int) -> None:
        """Ping who is due, and tell the judge who keeps the agent from pinging."""
        if now - self._kept_last > SWITCH_NS:  # nobody saw who had the GIL: we were away, or the agent was in line
            self._kept_out = None
        for tid in self._notes.loops:
            thread = self._process.threads.get(tid)
            if thread is not None and thread.open is not None:
                self._ping(thread, polls=thread.open.polls, now=now)

    def _ping(self, thread: WatchedThread, *, polls: bool, now: int) -> None:
        judge, pid, tid = self._process.judge, self._process.pid, thread.tid
        segment = thread.open
        collecting = segment.collecting if segment is not None else None
        if segment is not None and collecting is not None and self._process.stacks.still_collects(collecting):
            before, since = self._collects.get(tid, ((), 0))
            if before != collecting.before:
                _, since = self._collects[tid] = collecting.before, segment.start
            judge.kept(pid, tid, since, now)  # whether or not we were away meanwhile
        if polls:
            thread.turned = now
        elif is_due(thread, now) or (not thread.pinged and now - thread.asked > GIVES_WAY_NS):
            thread.pinged, thread.asked = True, now
            self._ask(tid)
            self._kept_out = None
        elif thread.pinged:
            self._see_kept(thread, now)
            if (began := self._process.stacks.turn_began(thread, now)) is not None:
                judge.goes_on(pid, tid, began, now)
        else:
            self._kept_out = None

    def _see_kept(self, thread: WatchedThread, now: int) -> None:
        """See whether a loop that was pinged keeps the GIL from the agent: then it is in one call, as long as it does.

        While the agent runs, or would if it had a CPU, nothing is known.
        """
        keeps = self._keeps_the_gil(thread)
        if keeps is None:
            return
        if not keeps:
            self._kept_out = None
            return
        self._kept_last = now
        if self._kept_out is None or self._agent_wakes() > (now - self._kept_out[0]) // SWITCH_NS + 1:
            self._kept_out = now, self._agent_slices
        elif now - self._kept_out[0] > SWITCH_NS:
            self._process.judge.kept(self._process.pid, thread.tid, self._kept_out[0] + SWITCH_NS, now)

    def _agent_wakes(self) -> int:
        """How often the agent has woken while it was kept out.

        It wakes when it has waited for the switch interval, and each time that the loop's thread lets go of the GIL:
        more often than the interval allows says that the loop does let go, and only takes the GIL back more quickly.
        """
        if self._notes.agent is None or self._kept_out is None:
            return 0
        try:
            self._agent_slices = self._notes.agent.times().slices
        except OSError:
            return 0
        return self._agent_slices - self._kept_out[1]

    def _keeps_the_gil(self, thread: WatchedThread) -> bool | None:
        """Whether the agent, asked to ping a loop, waits for the GIL that its thread has; `None`: the agent runs."""
        stacks = self._process.stacks
        if self._notes.agent is None:
            return False
        try:
            raw = self._notes.agent.call()
            if raw == kernel_threads.RUNNING:
                return None
            if not stacks.waits_for_gil(kernel_threads.parse_call(raw)):
                return False
            if self._kept_out is None:
                self._agent_slices = self._notes.agent.times().slices
            holder = stacks.holder()
            return holder is not None and holder[1] == thread.tid
        except OSError:
            return False
