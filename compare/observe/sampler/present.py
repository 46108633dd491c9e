"""How it is at this moment: how long each loop has been held, and in what; work queued for pools; how many tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.observe.judge.pools import LINE_NS
from compare.results import LoopNow, QueueNow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from compare.observe.judge.judge import Judge
    from compare.observe.judge.segments import Work
    from compare.observe.sampler.watched_process import WatchedProcess
    from compare.observe.sampler.watched_thread import WatchedThread
    from compare.observe.sampler.without_proc import Pings

MS = 1_000_000


def loops(processes: Iterable[WatchedProcess], judge: Judge, now: int, pings: Pings | None = None) -> Iterator[LoopNow]:
    """Yield every loop that runs; `pings`: who takes them where threads can't be looked at."""
    for process in processes:
        if pings is not None:
            for tid in process.notes.loops.keys() - process.threads.keys():
                yield LoopNow(process.pid, judge.thread_name(process.pid, tid), pings.held(tid, now) / MS)
        for thread in process.threads.values():
            view = thread.open.view if thread.open is not None else None
            if process.runs_a_loop(thread) or (view is not None and view.loop):
                yield _loop(process.pid, thread, judge, now)


def _loop(pid: int, thread: WatchedThread, judge: Judge, now: int) -> LoopNow:
    name, segment = judge.thread_name(pid, thread.tid), thread.open
    if segment is None or segment.polls:
        return LoopNow(pid, name, 0.0)
    held = judge.held(pid, thread.tid, now)
    if segment.kind == "running":
        return LoopNow(pid, name, held / MS, site=segment.site)
    waited = now - segment.start
    return LoopNow(pid, name, max(held, waited) / MS, segment.call, segment.contended or segment.target, segment.site)


def queues(processes: Iterable[WatchedProcess], now: int) -> Iterator[QueueNow]:
    """Yield every pool that work is queued for."""
    for process in processes:
        pools: dict[int, list[Work]] = {}
        for work in process.notes.queue.values():
            if work.size and not work.free and now - work.asked > LINE_NS:
                pools.setdefault(work.pool, []).append(work)
        for queued in pools.values():
            longest = now - min(work.asked for work in queued)
            yield QueueNow(process.pid, queued[0].size, len(queued), longest / MS)


def tasks(processes: Iterable[WatchedProcess], now: int) -> int | None:
    """Return how many tasks of asyncio's and of trio's there are; `None` where none can be seen."""
    read = [(process.stacks, process.stacks.tasks) for process in processes if process.stacks.tasks is not None]
    counts = [count for stacks, known in read for count in (known.alive(now), known.alive_in(stacks.turns))]
    seen = [count for count in counts if count is not None]
    return sum(seen) if seen else None


def uncounted(processes: Iterable[WatchedProcess]) -> Iterator[str]:
    """Yield why asyncio's tasks are not counted, a sentence for each reason."""
    reasons = (process.stacks.tasks.uncounted for process in processes if process.stacks.tasks is not None)
    for why in {why: None for why in reasons if why is not None}:
        yield f"how many tasks asyncio has: {why}"
