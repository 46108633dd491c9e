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
from compare.observe.judge.ledger import source
from compare.observe.judge.stretches import KEPT, NEAR_NS, Doing, Stretches, does, futex
from compare.observe.kernel.locks import OWN
from compare.results import milliseconds

if TYPE_CHECKING:
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

NEW_THREAD = "a new thread"
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


Holder = tuple["Key", Doing]


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
        self._found: dict[Account, Counter[Holder | None]] = {}
        self._starved: dict[Account, Counter[Key]] = {}
        """How long each waited for a thread that was given no CPU, in nanoseconds."""
        self._told_apart: set[Account] = set()
        """Those who waited long enough, once at least, to tell from one another who was awake."""
        self._woken: set[Account] = set()
        """Those who waited to be woken, at a lock of their own: nobody holds that, somebody lets go of it."""
        self._given_up: Counter[Account] = Counter()
        """How long each waited until it gave up: nobody was awake then, who could have let go of the lock."""
        self._with_others: set[Key] = set()
        """The threads that were not alone in their process when they waited."""

    def segment(self, thread: Thread, segment: Segment) -> None:
        """Take one stretch of any thread."""
        self._of(thread).add(segment)
        while self._waits and segment.end > self._waits[0].end + SETTLED_NS:
            self._resolve(self._waits.popleft())

    def worked(self, thread: Key, since: int, until: int) -> None:
        """A thread has done a piece of a pool's work: whoever waits for that wakes now."""
        self._done.setdefault(thread, deque(maxlen=KEPT)).append((since, until))

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
                self._woken.add(account)
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

    def told(self, account: Account, known: str | None) -> str:
        """Return the lock with its holder; `known`: what the wait itself tells of it."""
        if account.kind in {"import", "start"}:
            return self._imported(account) if account.kind == "import" else self._started(account)
        found = self._found.get(account)
        if not found or account not in self._told_apart or (known is not None and not known.endswith(OWN)):
            return known or "a lock"
        holder = _mostly_held(found)
        if holder is None:
            return known or self._of_nobody(account, found.total())
        if known is not None:
            key, doing = holder
            return f"{known}, in thread {self._threads.name(key)}, which {does(doing)}"
        others = len({each[0] for each in found if each is not None}) - 1
        key, doing = holder
        more = f", and by {others} more" if others else ""
        name = self._threads.name(key)
        if account in self._woken:
            return f"a lock that thread {name}{more and ' and others'} releases, which {does(doing)}"
        return f"a lock held by thread {name}{more}, which {does(doing)}"

    def _of_nobody(self, account: Account, ns: int) -> str:
        if account.thread not in self._with_others:
            return "a lock that no other thread has"
        given_up = 2 * self._given_up[account] > ns
        return "a lock that nobody let go of meanwhile" if given_up else "a lock whose holder can't be known"

    def _imported(self, account: Account) -> str:
        holder = _mostly_held(self._found.get(account))
        if holder is None:
            return "a module that another thread imports"
        key, doing = holder
        return f"a module that thread {self._threads.name(key)} imports, which {does(doing)}"

    def _started(self, account: Account) -> str:
        holder = _mostly_held(self._found.get(account))
        if holder is None:
            return f"{NEW_THREAD} to begin"
        key, doing = holder
        return f"{NEW_THREAD} to begin: thread {self._threads.name(key)} {does(doing)}"

    def starved(self, account: Account) -> str | None:
        """Return the thread that was waited for, if it was given no CPU for most of that time."""
        if account.kind == "start":  # one that began at once is not in the books
            found = self._found.get(account)
            return NEW_THREAD if found and _mostly_held(found) is None else None
        starved = self._starved.get(account)
        if not starved or 2 * starved.total() <= self._found[account].total():
            return None
        return f"thread {self._threads.name(starved.most_common(1)[0][0])}"

    def hardly_ran(self, account: Account, most_ns: int) -> bool:
        """Whether the GIL's holder was given a CPU for less than `most_ns`, of a wait that was longer than that."""
        starved = self._starved.get(account, Counter()).total()
        return starved > 0 and self._found[account].total() - starved < most_ns <= starved

    def without_a_cpu(self, account: Account) -> str | None:
        """Say for how long the GIL's holder was given no CPU, where that is most of the wait."""
        starved = self._starved.get(account, Counter()).total()
        is_most = 2 * starved > self._found.get(account, Counter()).total()
        return f"a CPU, {milliseconds(starved / MS)} of that" if is_most else None

    def holder(self, account: Account) -> str | None:
        """Return the thread that was waited for, and what it did; `None` if that is not known."""
        holder = _mostly_held(self._found.get(account))
        return f"thread {self._threads.name(holder[0])}, which {does(holder[1])}" if holder is not None else None

    def _resolve_start(self, wait: _Wait) -> None:
        """Find who ran for most of the time in which a new thread did not begin."""
        ran = {
            key: stretches.ran(wait.start, wait.end)
            for key, stretches in self._stretches.items()
            if key[0] == wait.thread[0] and key != wait.thread
        }
        most = [key for key, ns in ran.items() if 2 * ns >= wait.end - wait.start]
        holder = _only(most[:1], self._stretches, wait)
        self._found.setdefault(wait.account, Counter())[holder] += wait.end - wait.start

    def _resolve(self, wait: _Wait) -> None:
        if wait.account.kind == "start":
            self._resolve_start(wait)
            return
        if wait.keeper is not None:
            self._count_starved(wait, {wait.keeper: self._stretches.get(wait.keeper, Stretches())})
            self._found.setdefault(wait.account, Counter())[None] += int((wait.end - wait.start) * wait.part)
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
            self._with_others.add(wait.thread)
        if wait.end - wait.start >= self._least:
            self._told_apart.add(wait.account)
        if not wait.futex:
            at_work = [key for key, stretches in held.items() if stretches.works(wait.start, wait.end)]
            self._found.setdefault(wait.account, Counter())[_only(at_work, held, wait)] += wait.end - wait.start
            return
        awake = [key for key, stretches in held.items() if stretches.is_awake(wait.end, wait.loose)]
        let_go = self._who_let_go(awake, held, wait)
        holder = _only(let_go, held, wait) if wait.end - wait.start >= self._least else None
        if wait.timed and not awake:
            self._given_up[wait.account] += wait.end - wait.start
        self._count_starved(wait, {key: held[key] for key in ([holder[0]] if holder is not None else awake)})
        self._found.setdefault(wait.account, Counter())[holder] += wait.end - wait.start

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
            self._starved.setdefault(wait.account, Counter())[key] += int(starved[key] * wait.part)


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


def _mostly_held(found: Counter[Holder | None] | None) -> Holder | None:
    """Return who held a lock the longest; `None` where that is not known for most of the time."""
    known = Counter({holder: ns for holder, ns in (found or {}).items() if holder is not None})
    return max(known, key=known.__getitem__) if found and 2 * known.total() >= found.total() > 0 else None


def _only(keys: list[Key], stretches: dict[Key, Stretches], wait: _Wait) -> Holder | None:
    """The one thread that explains a wait; `None` where there is none, or several."""
    doing = stretches[keys[0]].mostly(wait.start, wait.end) if len(keys) == 1 else None
    return (keys[0], doing) if doing is not None else None
