"""Who holds the lock that a loop waits for, and what that thread waits in meanwhile.

A plain lock knows no owner, and a condition, a queue or a future is let go of by whoever comes to it. But whoever lets
go of a lock runs at that moment, and the waiter wakes right then. So of the other threads of the process, the one that
was awake just when the wait ended is taken for the holder, where there is exactly one: what it did in the time of
the wait is what was waited for. Where several were awake, it is the one for which that is no coincidence: a wait of
its, or a piece of a pool's work, ended at that moment, and had lasted many times as long as any that ended for another.
One that wakes every millisecond is awake at any moment, and so is one that runs all the while. A thread that waits for
the same lock then is no holder. Otherwise the holder is not known, and not guessed.

A file's lock that a library sleeps and asks for again, as SQLite does, may be free some time before the sleeper knows.
If it is this very process that has it, the one other thread that was at some work meanwhile is its holder.

A holder that could run, and was not given a CPU for most of the wait, is no fault of the program's: the machine's. So
it is where it can't be told which of several held the lock, and one of them was given none. The GIL knows its holder,
which may be given none as well. Of a wait that is too short to tell threads apart only this is looked for. Where the
observer was kept from looking, each thread that ran meanwhile may have been the one.

A thread that is started begins within microseconds, once it is given a CPU and the GIL. So of a wait for that, the
cause is the thread that ran for most of it, and so had the GIL; where none did, it is the machine.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compare.observe.interpreter import sites
from compare.observe.judge.holders_found import HoldersFound
from compare.observe.judge.ledger import source
from compare.observe.judge.stretches import KEPT, NEAR_NS, Stretches, futex
from compare.observe.kernel.locks import OWN

if TYPE_CHECKING:
    from compare.observe.judge.holders_found import Holder
    from compare.observe.judge.ledger import Account
    from compare.observe.judge.segments import Segment
    from compare.observe.judge.threads import Key, Thread, Threads

MS = 1_000_000
SETTLED_NS = 60 * MS
"""After how long every thread has told what it did: what runs is handed on in pieces of 50 ms."""
MOST_ENDED = 256
"""Of how many threads that have ended they are kept: whoever held a lock may have ended with letting go of it."""
ENDED_NS = 5_000 * MS
"""And for how long: a wait is told of when it has ended, which was when its holder let go."""
BY_FAR = 4
"""How many times as long as with any other thread it must have lasted what ended for the holder when it let go."""
FUTEX_TIMEOUT = 3
"""Which argument of futex(2) says how long it waits."""

ACQUIRES = frozenset({"acquire", "__enter__"})
"""What a lock's own functions are called."""


@dataclass(frozen=True, slots=True)
class _Wait:
    account: Account
    thread: Key
    start: int
    end: int
    futex: int
    loose: int = 0
    """By how much its end may be wrong."""
    keeper: Key | None = None
    """The holder, where that was seen: then it is the GIL that was waited for."""
    timed: bool = False
    """Whether it may have been given up."""
    of_pool: bool = False
    """Whether only a pool's thread can be the holder."""
    part: float = 1.0
    """How much of the wait is told under the account: the GIL's holder may have stood at several lines meanwhile."""


class LockHolders:
    """What every thread did last, and the waits for locks whose holders are looked for."""

    def __init__(self, threads: Threads, least_ns: int) -> None:
        """Look for the holder where a wait takes at least `least_ns`, and long enough to tell threads apart."""
        self._threads, self._least = threads, max(least_ns, 2 * NEAR_NS)
        self._stretches: dict[Key, Stretches] = {}
        self._ended: deque[tuple[Key, int]] = deque()
        self._waits: deque[_Wait] = deque()
        self._done: dict[Key, deque[tuple[int, int]]] = {}
        """When each thread began and ended its last pieces of a pool's work."""
        self._apart: dict[int, deque[tuple[int, int]]] = {}
        """When the pools of a process had begun and ended with the last pieces of work that its children did."""
        self.found = HoldersFound(threads)

    def segment(self, thread: Thread, segment: Segment) -> None:
        """Take one stretch of any thread."""
        self._of(thread).add(segment)
        while self._waits and segment.end > self._waits[0].end + SETTLED_NS:
            self._resolve(self._waits.popleft())

    def worked(self, thread: Key, since: int, until: int) -> None:
        """A thread has done a piece of a pool's work: whoever waits for that wakes now."""
        self._done.setdefault(thread, deque(maxlen=KEPT)).append((since, until))

    def done_apart(self, pid: int, since: int, until: int) -> None:
        """A process of a pool that `pid` has done a piece of work: whoever waits for its result wakes now."""
        self._apart.setdefault(pid, deque(maxlen=KEPT)).append((since, until))

    def unseen(self, thread: Thread, segment: Segment) -> None:
        """In this stretch a thread ran now and then, and nobody looked: it may have let go of a lock."""
        self._of(thread).add_unseen(segment)

    def _of(self, thread: Thread) -> Stretches:
        known = self._stretches.get(thread.key)
        if known is None:
            known = self._stretches[thread.key] = Stretches()
        return known

    def ends(self, thread: Thread) -> None:
        """A thread has ended."""
        stretches = self._stretches.get(thread.key)
        at = stretches.end if stretches is not None else None
        if at is None:
            return
        self._ended.append((thread.key, at))
        while len(self._ended) > MOST_ENDED or self._ended[0][1] < at - ENDED_NS:
            key, _ = self._ended.popleft()
            self._stretches.pop(key, None)
            self._done.pop(key, None)

    def ask(self, account: Account, segment: Segment, *, of_pool: bool = False) -> None:
        """A thread waited for a lock: find out who held it; `of_pool`: which of a pool's threads."""
        own = (segment.contended or segment.target or "").endswith(OWN)
        if segment.ns >= (self._least if own else NEAR_NS) and (own or futex(segment)):
            if _waits_to_be_woken(segment):
                self.found.woken.add(account)
            self._waits.append(
                _Wait(
                    account, account.thread, segment.start, segment.end, futex(segment), segment.loose,
                    timed=_is_timed(segment), of_pool=of_pool,
                )
            )  # fmt: skip

    def ask_of_gil(self, account: Account, waiter: Key, segment: Segment, part: float) -> None:
        """A thread waited for the GIL, which the account's thread kept for a part: was that given a CPU?"""
        if segment.ns >= self._least:
            self._waits.append(_Wait(account, waiter, segment.start, segment.end, 0, keeper=account.thread, part=part))

    def finish(self) -> None:
        """All has been told."""
        while self._waits:
            self._resolve(self._waits.popleft())

    def _resolve_start(self, wait: _Wait) -> None:
        """Find who ran for most of the time in which a new thread did not begin."""
        ran = {
            key: stretches.ran(wait.start, wait.end)
            for key, stretches in self._stretches.items()
            if key[0] == wait.thread[0] and key != wait.thread
        }
        most = [key for key, ns in ran.items() if 2 * ns >= wait.end - wait.start]
        holder = _only(most[:1], self._stretches, wait)
        self.found.count(wait.account, holder, wait.end - wait.start)

    def _resolve(self, wait: _Wait) -> None:
        if wait.account.kind == "start":
            self._resolve_start(wait)
            return
        if wait.keeper is not None:
            self._count_starved(wait, {wait.keeper: self._stretches.get(wait.keeper, Stretches())})
            self.found.count(wait.account, None, int((wait.end - wait.start) * wait.part))
            return
        held = {
            key: stretches
            for key, stretches in self._stretches.items()
            if key[0] == wait.thread[0]
            and key != wait.thread
            and not stretches.waits_too(wait.futex, wait.start, wait.end)
            and (not wait.of_pool or self._is_worker(key))
        }
        if any(
            key[0] == wait.thread[0] and key != wait.thread and (each.end or 0) > wait.start
            for key, each in self._stretches.items()
        ):
            self.found.with_others.add(wait.thread)
        if wait.end - wait.start >= self._least:
            self.found.told_apart.add(wait.account)
        if not wait.futex:
            at_work = [key for key, stretches in held.items() if stretches.works(wait.start, wait.end)]
            self.found.count(wait.account, _only(at_work, held, wait), wait.end - wait.start)
            return
        if self._is_for_a_process(wait):
            self.found.of_processes.add(wait.account)
            self._count(wait, self._who_did(wait), {})
            return
        awake = [key for key, stretches in held.items() if stretches.is_awake(wait.end, wait.loose)]
        let_go = self._who_let_go(awake, held, wait)
        holder = _only(let_go, held, wait) if wait.end - wait.start >= self._least else None
        if wait.timed and not awake:
            self.found.given_up[wait.account] += wait.end - wait.start
        self._count(wait, holder, {key: held[key] for key in awake})

    def _is_for_a_process(self, wait: _Wait) -> bool:
        """Whether it ended with work that was done in another process, and that was begun before most of it."""
        near, most = NEAR_NS + wait.loose, wait.end - (wait.end - wait.start) // 2
        done = self._apart.get(wait.thread[0], ())
        return any(since <= most and abs(until - wait.end) <= near for since, until in done)

    def _who_did(self, wait: _Wait) -> Holder | None:
        """The one worker of another process that was at work for most of it; of several, the one that was done then."""
        others = {key: each for key, each in self._stretches.items() if key[0] != wait.thread[0]}
        at_work = [key for key, each in others.items() if self._is_worker(key) and each.works(wait.start, wait.end)]
        if at_work[1:]:
            at_work = [key for key in at_work if others[key].is_awake(wait.end, wait.loose)]
        return _only(at_work, others, wait)

    def _count(self, wait: _Wait, holder: Holder | None, among: dict[Key, Stretches]) -> None:
        """Enter a wait, and whether its holder was given no CPU; where that is not known, whether one of these was."""
        self._count_starved(wait, {holder[0]: self._stretches[holder[0]]} if holder is not None else among)
        self.found.count(wait.account, holder, wait.end - wait.start)

    def _who_let_go(self, awake: list[Key], held: dict[Key, Stretches], wait: _Wait) -> list[Key]:
        """Return the thread for which by far the most ended just then, of those that were awake; else all of them."""
        lasted = {
            key: max(held[key].waited_until(wait.end, wait.loose), self._worked_until(key, wait)) for key in awake
        }
        first, second = [*sorted(lasted.values(), reverse=True), 0, 0][:2]
        return [key for key in awake if lasted[key] == first] if first > BY_FAR * second else awake

    def _worked_until(self, key: Key, wait: _Wait) -> int:
        near = NEAR_NS + wait.loose
        return max((end - start for start, end in self._done.get(key, ()) if abs(end - wait.end) <= near), default=0)

    def _is_worker(self, key: Key) -> bool:
        thread = self._threads.seen(*key)
        return thread is not None and thread.worker

    def _count_starved(self, wait: _Wait, holders: dict[Key, Stretches]) -> None:
        starved = {key: held.starved(wait.start, wait.end) for key, held in holders.items()}
        key = max(starved, key=starved.__getitem__, default=None)
        if key is not None and starved[key]:
            self.found.starved.setdefault(wait.account, Counter())[key] += int(starved[key] * wait.part)


def _is_timed(segment: Segment) -> bool:
    """Whether a wait at a futex ends by itself: it was given a time."""
    return segment.call == "futex" and len(segment.arguments) > FUTEX_TIMEOUT and segment.arguments[FUTEX_TIMEOUT] != 0


def _waits_to_be_woken(segment: Segment) -> bool:
    """Whether a library's code waits, but not by a lock's own function or `with`: a condition, a thread's end."""
    stack = segment.view.stack if segment.view is not None else ()
    if not stack or sites.owner(stack[0].code.filename) != "library":
        return False
    if (source(stack[0].code.filename, stack[0].line) or "").startswith("with "):
        return False
    return stack[0].code.qualname.rpartition(".")[2] not in ACQUIRES


def _only(keys: list[Key], stretches: dict[Key, Stretches], wait: _Wait) -> Holder | None:
    """The one thread that explains a wait; `None` where there is none, or several."""
    doing = stretches[keys[0]].mostly(wait.start, wait.end) if len(keys) == 1 else None
    return (keys[0], doing) if doing is not None else None
