"""Judges what the sampler saw: who waited where, and whether it was allowed to.

An event loop is judged turn by turn. A turn begins when the loop leaves its poller and ends when it is back: seen
there from outside, or proved by a ping that it got round to. What the thread waited in meanwhile is a finding by its
nature: any call that is not the loop's own poller. What it computed is one when a single callback took longer than
the threshold; many short ones are a backlog, for which no line is to blame.

A thread of a pool may wait, and is told as a `worker-thread`; one that waits for work in its pool's own code is idle.
Other threads may wait wherever they like, unless a hand-written loop turns in them: a poller that is waited in again
and again from one frame, with waits elsewhere above that frame in between.

This module hands each stretch of a thread's time to whoever judges such a thread (`event_loops`, `hand_written_loops`,
`pools`, `other_threads`; `busy_polling`, `lock_holders` and `program_exit` look at all), and each turn of a loop to
whoever judges what can hold it (`waits`, `computing`). What they find they enter into the `ledger`, of which `causes`
makes the findings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from compare.observe.judge import computing, waits
from compare.observe.judge.busy_polling import BusyPolling
from compare.observe.judge.causes import Causes
from compare.observe.judge.event_loops import EventLoops
from compare.observe.judge.hand_written_loops import HandWrittenLoops
from compare.observe.judge.hops import Hops
from compare.observe.judge.joined import join
from compare.observe.judge.lanes import Lanes
from compare.observe.judge.ledger import Account, Entry, Ledger, worst_first
from compare.observe.judge.lock_holders import LockHolders
from compare.observe.judge.other_threads import OtherThreads
from compare.observe.judge.own_queues import OwnQueues
from compare.observe.judge.pools import Pools, is_idle
from compare.observe.judge.program_exit import ProgramExit
from compare.observe.judge.recent import Recent
from compare.observe.judge.threads import Threads
from compare.observe.judge.turns import Holds
from compare.observe.kernel import system_calls as syscalls
from compare.results import LoopHold, Observation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from compare.observe.judge.ledger import Wait
    from compare.observe.judge.segments import Delivered, Segment, Work
    from compare.observe.judge.stalls import Stalls
    from compare.observe.judge.threads import Key, Thread
    from compare.observe.judge.turns import Turn
    from compare.observe.judge.without_waiting import Probe
    from compare.results import Lane, LoopTurn, Stall, State

MS = 1_000_000
OWN_NAME = "of the observer"
"""What a thread of the observer's is called, where it had the GIL: it needs it for some microseconds, if it may run."""


@dataclass(slots=True)
class _Between:
    """What a thread ran between two waits, until it is known what comes next."""

    waited: Segment | None = None
    """The wait that was seen last, if nothing but running was seen since."""
    pending: Segment | None = None
    """What ran since."""
    user: int = 0
    system: int = 0
    """Clock ticks of what ran between waits in the same call at the same line."""


class Judge:
    """Takes segments in, gives an `Observation` out. Times are nanoseconds on `CLOCK_MONOTONIC`."""

    def __init__(  # noqa: PLR0913  what a judgement depends on
        self,
        pid: int,
        began: int,
        probe: Probe,
        *,
        threshold_ns: int,
        plain_threads: bool,
        imports: bool = True,
        imports_of_others: bool = True,
        stalls: Stalls | None = None,
        keep_ns: int | None = None,
    ) -> None:
        """Judge process `pid`.

        Args:
            pid: the process.
            began: when it began to be watched.
            probe: tells of a thread what no segment does.
            threshold_ns: what comes to less is not told.
            plain_threads: whether threads of no loop and no pool are of interest.
            imports: whether what a module's import waits for and computes holds a loop, too.
            imports_of_others: whether, where it does not, a wait for what another thread imports does.
            stalls: hears of each as it ends, where somebody asks for them meanwhile.
            keep_ns: lanes are kept for so long; `None`: to the end. What was found then is told apart, by `recorded`.
        """
        self._pid, self._began, self._imports = pid, began, imports
        self._imports_of_others, self._imported = imports_of_others, 0
        self._threshold = threshold_ns
        self._threads = Threads(pid)
        self._stalls = stalls
        self._recent = Recent(keep_ns) if keep_ns is not None else None
        heard = self._hear if stalls is not None or self._recent is not None else None
        self._ledger = Ledger(self._threads, threshold_ns, heard)
        self._lanes = Lanes(began, keep_ns)
        self._holds = Holds(threshold_ns)
        self._holders = LockHolders(self._threads, threshold_ns // 2)
        self._loops = EventLoops(threshold_ns, self._judge_turn)
        self._by_hand = HandWrittenLoops(threshold_ns, probe, self._judge_turn)
        self._hops = Hops(self._ledger)
        self._pools = Pools(self._ledger, self._lanes)
        self._own_queues = OwnQueues(self._ledger)
        self._exit = ProgramExit(pid, self._threads, self._ledger, self._holders)
        self._others = OtherThreads(self._ledger, told=plain_threads)
        self._own: set[Key] = set()
        """The observer's own threads."""
        self._causes = Causes(
            ledger=self._ledger, holders=self._holders.found, holds=self._holds, hops=self._hops, pools=self._pools,
            own_queues=self._own_queues, exit=self._exit, own=self._own, threshold_ns=threshold_ns,
        )  # fmt: skip
        self._busy_polling = BusyPolling(self._threads, self._ledger, self._holds, probe, threshold_ns)
        self._between: dict[Thread, _Between] = {}
        self._most_threads = 0
        self._missing: dict[str, None] = {}

    # --- what the sampler tells of a thread's time ------------------------------------------------------------

    def segment(self, pid: int, tid: int, segment: Segment) -> None:
        """Take one stretch of a thread's time, in order."""
        if segment.end <= segment.start:
            return
        thread = self._threads.get(pid, tid)
        between = self._between.setdefault(thread, _Between())
        if segment.kind == "running" and between.waited is not None and between.pending is None:
            between.pending = segment
            return
        pending, before = between.pending, between.waited
        if pending is not None:
            between.pending = None
            if segment.kind != "running":
                join(between, before, pending, segment)
            self._take(thread, pending)
        between.waited = segment if segment.kind != "running" and not segment.polls else None
        self._take(thread, segment)

    def unseen(self, pid: int, tid: int, segment: Segment) -> None:
        """In this stretch nobody looked at a thread, and it ran now and then: nothing of it is told."""
        self._holders.unseen(self._threads.get(pid, tid), segment)

    def _flush(self, thread: Thread) -> None:
        between = self._between.pop(thread, None)
        if between is not None and between.pending is not None:
            self._take(thread, between.pending)

    def _take(self, thread: Thread, segment: Segment) -> None:
        view = segment.view
        self._holders.segment(thread, segment)
        self._exit.segment(thread, segment)
        if view is not None and view.loop:
            thread.loop = self._holds.saw_loop = True
        if (view is not None and view.pool) or segment.work is not None:
            thread.worker = True
        self._lanes.add(thread.key, segment, _state(thread, segment))
        if not (thread.loop or thread.worker):
            self._own_queues.segment(thread, segment)
        if thread.loop and not (thread.worker and view is not None and not view.loop):
            self._loops.segment(thread, segment)
        elif thread.worker:
            self._pools.segment(thread, segment)
        elif not self._by_hand.segment(thread, segment):
            self._others.segment(thread, segment)
        elif thread.turns_by_hand:
            self._holds.saw_loop = True
        self._busy_polling.segment(thread, segment)  # after its turn has been judged

    def _judge_turn(self, turn: Turn) -> None:
        for segment in turn.given:
            self._lanes.redraw(turn.thread.key, segment, "blocked")
        if not self._imports:
            held = turn.held
            turn.leave_out_imports(of_others=not self._imports_of_others)
            self._imported += held - turn.held if held >= self._threshold else 0
        told = computing.Told()
        if turn.held >= self._threshold:
            if turn.thread.loop and not turn.is_proven and self._busy_polling.is_polling(turn):
                turn.held = turn.waited
            else:
                told = computing.judge(turn, self._ledger, self._threshold)
        self._holds.add(turn.held, turn.hold)
        if self._stalls is not None:
            self._stalls.turned(turn.thread.key, turn.until, turn.hold)
        if self._recent is not None:
            self._recent.turned(turn.until, turn.hold)
        waits.judge(turn, self._ledger, self._holders, self._threshold)
        self._busy_polling.turn_ended(turn, told)

    # --- what it tells of loops -------------------------------------------------------------------------------

    def loop_runs(self, pid: int, tid: int, at: int) -> None:
        """An event loop begins to run in this thread."""
        thread = self._threads.get(pid, tid)
        self._flush(thread)
        self._holds.saw_loop = True
        self._loops.runs(thread, at)

    def loop_ends(self, pid: int, tid: int, at: int) -> None:
        """It no longer runs."""
        thread = self._threads.get(pid, tid)
        self._flush(thread)
        self._loops.ends(thread, at)

    def turned(self, pid: int, tid: int, at: int, *, gave_way: int = 0, ran: int | None = None) -> None:
        """A loop got round to a ping: a turn of its ended here.

        Args:
            pid: the loop's process.
            tid: its thread.
            at: when.
            gave_way: the task that gave way in that turn, if any.
            ran: for how long the thread was on a CPU since the ping stood in its line; `None` where that isn't known.
        """
        thread = self._threads.get(pid, tid)
        self._flush(thread)
        self._busy_polling.turned(thread, gave_way)
        self._loops.turned(thread, at, ran)

    def came_round(self, pid: int, tid: int, at: int) -> None:
        """A loop began another turn here, as it says itself: what it did before was one, or several."""
        thread = self._threads.get(pid, tid)
        self._flush(thread)
        self._loops.turned(thread, at)

    def held_from(self, pid: int, tid: int, at: int) -> None:
        """From here on a ping stands in the loop's line."""
        self._loops.held_from(self._threads.get(pid, tid), at)

    def kept(self, pid: int, tid: int, since: int, until: int) -> None:
        """For so long, as far as that was seen, the loop's thread has kept the GIL: in one call."""
        self._loops.kept(self._threads.get(pid, tid), since, until)

    def goes_on(self, pid: int, tid: int, since: int, until: int) -> None:
        """A turn of a loop's began then, by the loop's own time, and goes on."""
        self._loops.goes_on(self._threads.get(pid, tid), since, until)

    def late(self, ns: int) -> None:
        """A ping was so long in a loop's line; what it waited for can't be seen."""
        self._holds.saw_loop = True
        self._holds.add(ns)

    def is_loop(self, pid: int, tid: int) -> bool:
        """Whether a loop turns in this thread, as far as is known."""
        thread = self._threads.seen(pid, tid)
        return thread is not None and (thread.loop or thread.turns_by_hand)

    # --- what it tells of pools, threads and processes --------------------------------------------------------

    def is_worker(self, pid: int, tid: int) -> None:
        """This thread does a pool's work."""
        self._threads.get(pid, tid).worker = True

    def asked(self, pid: int, work: Work) -> None:
        """Work was handed to a pool."""
        asker = self._threads.get(pid, work.asker)
        self._hops.asked(asker, work.site, work.asked)
        self._busy_polling.handed_over(asker)

    def worked(self, pid: int, work: Work, at: int) -> None:
        """It is done."""
        self._hops.done(self._threads.get(pid, work.asker), work, at)
        if work.started is not None:
            self._holders.worked((pid, work.tid), work.started, at)

    def done_apart(self, pid: int, began: int, at: int) -> None:
        """A process of a pool of this one's has done a piece of work, and whoever waits for the result wakes."""
        self._holders.done_apart(pid, began, at)

    def delivered(self, pid: int, tid: int, work: Delivered) -> None:
        """A thread completes a future of a loop's."""
        thread = self._threads.get(pid, tid)
        if not (thread.loop or thread.worker):
            self._flush(thread)
            self._own_queues.delivered(thread, replace(work, made=max(work.made, self._began)))

    def lost_work(self) -> None:
        """More work was handed to pools, and done, than was noted."""
        self._hops.lost()

    def waited(self, pid: int, work: Work, until: int) -> None:
        """Work was in line until now, when it was begun or given up."""
        if work.tid:
            self._pools.works(work.pool, self._threads.get(pid, work.tid))
        self._pools.waited(pid, work, max(work.asked, self._began), until)

    def stopped(self, pid: int, since: int, until: int) -> None:
        """The whole process was stopped by a signal."""
        self._lanes.stopped(pid, since, until)
        if until - since >= self._threshold:
            account = Account("kernel", "stopped", (pid, pid), None, None)
            self._ledger.enter(account, until - since, until, target="a signal stopped the process")

    def thread_ends(self, pid: int, tid: int, at: int) -> None:
        """A thread has ended."""
        thread = self._threads.seen(pid, tid)
        if thread is not None:
            self._flush(thread)
            self._loops.thread_ends(thread, at)
            self._by_hand.thread_ends(thread, at)
            self._busy_polling.ends(thread)
            self._holders.ends(thread)
            self._own_queues.ends(thread)
            self._others.ends(thread)
            if not (thread.loop or thread.worker or thread.turns_by_hand or self._own_queues.has(thread.key)):
                self._threads.end(thread, is_told=self._ledger.ends(thread.key))

    def hide(self, pid: int, tid: int) -> None:
        """This thread is the observer's own."""
        self._own.add((pid, tid))
        self._threads.name_thread(pid, tid, OWN_NAME)
        thread = self._threads.drop(pid, tid)
        if thread is not None:
            self._between.pop(thread, None)
            self._busy_polling.forget(thread)
        self._lanes.drop((pid, tid))
        self._ledger.forget((pid, tid))
        for told in (self._stalls, self._recent):
            if told is not None:
                told.drop((pid, tid))

    def most_threads(self, count: int) -> None:
        """So many threads were there at once."""
        self._most_threads = max(self._most_threads, count)

    def names(self, pid: int, names: dict[int, str]) -> None:
        """The threads' names, as the program gave them."""
        for tid, name in names.items():
            self._threads.name_thread(pid, tid, name)

    def child(self, pid: int, name: str) -> None:
        """A child process is watched too."""
        self._threads.name_child(pid, name)

    def worker_process(self, pid: int) -> None:
        """A child process runs the program's own code: it is one of its workers."""
        self._threads.number_worker(pid)

    def miss(self, sentence: str) -> None:
        """Something could not be seen."""
        self._missing[sentence] = None

    def imported_ns(self) -> int:
        """How long imports held a loop, as far as that was left out and would have counted."""
        return self._imported

    # --- what is told meanwhile -------------------------------------------------------------------------------

    def held(self, pid: int, tid: int, now: int) -> int:
        """Return for how long the event loop in a thread has been held by now, as far as that is proved."""
        thread = self._threads.seen(pid, tid)
        return self._loops.held(thread, now) if thread is not None else 0

    def thread_name(self, pid: int, tid: int) -> str:
        """Return a thread's name, with its process where that is not the program itself."""
        return self._threads.name((pid, tid))

    @property
    def missing(self) -> tuple[str, ...]:
        """What could not be seen until now."""
        return tuple(self._missing)

    def fresh(self) -> tuple[tuple[Stall, ...], tuple[LoopTurn, ...], int]:
        """Return the stalls and the turns since it was asked last, and how many had no room."""
        if self._stalls is None:
            return (), (), 0
        turns = self._stalls.turns(self._threads.name, self._began)
        return self._stalls.fresh(self._causes.finding), turns, self._stalls.unheard()

    def _hear(self, account: Account, entry: Entry, wait: Wait) -> None:
        """A wait counts."""
        if self._stalls is not None:
            self._stalls.hear(account, entry, wait)
        if self._recent is not None:
            self._recent.hear(account, wait)

    def recorded(self, now: int, going: Iterable[tuple[int, int, Segment]]) -> Observation:
        """Return what was found, and the lanes, of the time that is kept; the books stay open.

        Args:
            now: nanoseconds.
            going: what each thread does at this moment, by process and thread: segments that end now.
        """
        assert self._recent is not None, "it is kept if `keep_ns` says how long"
        self._recent.forget(now)
        lately = {account: self._named(account, entry) for account, entry in self._recent.entries().items()}
        going, loop = list(going), self._recent.told()
        for account, entry in self._goes_on(going):
            lately[account] = lately[account].with_more(entry) if account in lately else entry
            held = entry.total / MS
            loop = LoopHold(loop.stalls + 1, max(loop.longest_ms, held), loop.total_ms + held)
        found = (self._causes.finding(account, entry) for account, entry in lately.items())
        told = self._told(now, self._lanes.finish(now, self._threads.name, self._threads.role, self._going(going)))
        return replace(
            told,
            findings=worst_first(each for each in found if each is not None),
            loop=loop if self._holds.saw_loop else None,
            duration_ms=(now - self._lanes.since(now)) / MS,
        )

    def _named(self, account: Account, entry: Entry) -> Entry:
        known = self._ledger.entry(account)
        return replace(entry, name=known.name, role=known.role)

    def _goes_on(self, going: Iterable[tuple[int, int, Segment]]) -> Iterator[tuple[Account, Entry]]:
        """Yield the waits that hold a loop at this moment, and are entered when they have ended."""
        for pid, tid, segment in going:
            thread, view = self._threads.seen(pid, tid), segment.view
            is_long = segment.kind != "running" and not (segment.gil or segment.polls) and segment.ns >= self._threshold
            if is_long and thread is not None and thread.loop and view is not None and view.loop:
                account, target = waits.told_as(thread.key, segment)
                targets = {target: None} if target else {}
                yield account, Entry(1, segment.ns, segment.ns, segment.ns, targets, role="loop", view=view)

    def _going(self, going: Iterable[tuple[int, int, Segment]]) -> dict[Key, list[tuple[Segment, State]]]:
        """What threads do that has not ended; before it what they ran, of which it is not known what it belongs to."""
        found: dict[Key, list[tuple[Segment, State]]] = {}
        for pid, tid, segment in going:
            thread = self._threads.get(pid, tid)
            between = self._between.get(thread)
            ran = [between.pending] if between is not None and between.pending is not None else []
            found[thread.key] = [(each, _state(thread, each)) for each in (*ran, segment)]
        return found

    # --- what is told -----------------------------------------------------------------------------------------

    def so_far(self, now: int) -> Observation:
        """What has been found until now, without lanes; the books stay open. Kept for when no `finish` comes."""
        return self._told(now, ())

    def finish(self, now: int) -> Observation:
        """Close the books."""
        for thread in self._threads:
            self._flush(thread)
        self._loops.finish(now)
        self._by_hand.finish(now)
        self._busy_polling.finish()
        self._holders.finish()
        self._exit.finish()
        return self._told(now, self._lanes.finish(now, self._threads.name, self._threads.role))

    def _told(self, now: int, lanes: tuple[Lane, ...]) -> Observation:
        return Observation(
            findings=self._ledger.findings(self._causes.finding),
            loop=self._holds.told(),
            lanes=lanes,
            threads=self._most_threads,
            duration_ms=(now - self._began) / MS,
            missing=(*self._missing, *self._ledger.missing, *self._lanes.missing),
        )


def _state(thread: Thread, segment: Segment) -> State:  # noqa: PLR0911  one for each
    """Return how a stretch is drawn."""
    if segment.polls:
        return "poller"
    if segment.kind == "running":
        return "running"
    if segment.kind == "off":
        return "page-fault"
    if segment.gil:
        return "gil"
    if thread.worker and not thread.loop and is_idle(segment):
        return "idle"
    if segment.call in syscalls.POLLERS and not (thread.loop or thread.worker or segment.alone):
        return "poller"
    return "lock" if segment.locks else "blocked"
