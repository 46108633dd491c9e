"""What was measured: frozen, typed, and nothing else.

A scenario fills these in, a report reads them. Nothing in this module measures, prints or touches a file.
Times are in the unit that the field's name ends with; a `Site` names a line of somebody's program.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Backend = Literal["asyncio", "asyncio+uvloop", "trio"]
Outcome = Literal["ok", "wrong", "failed", "timeout", "skipped", "starves"]
Place = Literal["loop-thread", "lock", "gil", "page-fault", "busy-cpu", "worker-thread", "pool-queue", "kernel"]
Role = Literal["loop", "main", "worker", "other"]
Owner = Literal["user", "package", "library"]
"""Whose code a file is. `library`: the standard library's, or the observer's; `package`: installed beside it."""
State = Literal["poller", "running", "blocked", "lock", "gil", "page-fault", "stopped", "idle", "queue", "unseen"]

Nature = Literal["files", "lock", "sleep", "program", "network", "name", "database", "input"]
"""What a call that may block waits for when it does."""

PLACES: tuple[Place, ...] = (
    "loop-thread",
    "lock",
    "gil",
    "page-fault",
    "busy-cpu",
    "worker-thread",
    "pool-queue",
    "kernel",
)
AGENT_ALONE = "system calls, other threads and child processes"
"""What begins the sentence of what is missing where nobody can look at a process from outside."""
SEEN_IN_PART = "the whole of some waits"
"""How what an observation misses begins, where waits were longer than was seen."""
LOOP_PLACES: tuple[Place, ...] = ("loop-thread", "lock", "gil", "page-fault", "busy-cpu")
"""The places that hold an event loop's thread."""


@dataclass(frozen=True, slots=True)
class Site:
    """A line of code: `file` is an absolute path or a pseudo-name such as `<string>`; `line` counts from 1."""

    file: str
    line: int
    function: str
    owner: Owner = "user"

    def __str__(self) -> str:
        """Return `file:line in function`."""
        return f"{self.file}:{self.line} in {self.function}"


@dataclass(frozen=True, slots=True)
class Task:
    """What an event loop ran.

    Attributes:
        name: the task's name, as the program or the library gave it; `None` for a plain callback.
        runs: the qualified name of the task's outermost coroutine that is the user's, else of its own; of a callback
            with its module: `json.dumps`.
    """

    name: str | None
    runs: str

    def __str__(self) -> str:
        """Return `task Task-3 (report)`, or `a callback of json.dumps`."""
        return f"a callback of {self.runs}" if self.name is None else f"task {self.name} ({self.runs})"


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where something waited, however often.

    Attributes:
        place: where the time went, in the words of the design.
        kind: a closer word, for `busy-cpu`: `compute`, `gc`, `busy-polling` or `backlog`;
            for `worker-thread`: `page-fault`; `hops`, work that is handed over a little at a time; or `exit`, the
            program's end, which waits for its threads;
            for `lock`: `import`, where it is a module that another thread imports;
            for `gil`: `gc`, where the one that keeps it collects garbage;
            for `kernel`: `stopped` by a signal; `starved`, where it could run and got no CPU; `starved-thread`, where
            it waited for another thread that got none; `starved-holder`, where that thread had the GIL.
        thread: the thread's name.
        role: what that thread is for.
        call: the system call it waited in, if it was one.
        target: what the call waited for: a path, socket addresses, a pipe, a lock; who holds it, where known.
        site: the innermost line above the loop that is the user's own; else where the user's coroutine awaits; else
            the library's, by `owner`; `None` where there is none of these. Never a line below the loop.
        code: the text of that line.
        count: how many separate waits; of `gc`: collections.
        total_ms: all of them together, in milliseconds.
        longest_ms: the longest single one, in milliseconds.
        task: what the loop ran in the longest one; `None` elsewhere, and where it could not be seen.
        stack: where the thread stood in the longest one, innermost line first, 64 at the most; what a greenlet hides is
            continued by the lines at which the task's coroutines await. A function of the user's that a framework's
            code works for, an endpoint that has returned, stands there at its first line.
        process: the process that the thread or the pool is in, as `worker 2, pid 4711` where it runs the program's own
            code, else as `python 4711`; `None` for the program itself.
    """

    place: Place
    kind: str | None
    thread: str
    role: Role
    call: str | None
    target: str | None
    site: Site | None
    code: str | None
    count: int
    total_ms: float
    longest_ms: float
    task: Task | None = None
    stack: tuple[Site, ...] = ()
    process: str | None = None


@dataclass(frozen=True, slots=True)
class MayBlock:
    """A call in a loop's thread that may block, whatever it took this time.

    Attributes:
        call: the name of its audit event: `open`, `time.sleep`, `os.listdir`.
        nature: what it waits for when it does.
        target: the path, the address, the name or the program; `None` where it has none.
        site: the innermost line above the loop that is the user's own; else where the user's coroutine awaits; else
            the installed library's, by `owner`; `None` where there is none of these.
        code: the text of that line.
        count: how many times.
    """

    call: str
    nature: Nature
    target: str | None
    site: Site | None
    code: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one thread's time in one state; milliseconds since the observation began."""

    start_ms: float
    end_ms: float
    state: State
    call: str | None = None
    target: str | None = None
    site: Site | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """One thread's time, as spans that neither overlap nor leave a gap; or (role `None`) the line behind a pool."""

    thread: str
    role: Role | None
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class LoopHold:
    """How long the event loop was kept from its poller: stretches over the threshold, in milliseconds."""

    stalls: int
    longest_ms: float
    total_ms: float


@dataclass(frozen=True, slots=True)
class Observation:
    """What the observer saw of one process.

    Attributes:
        findings: worst first.
        loop: `None` when no event loop was seen.
        lanes: loop threads first, then workers, then the lines behind pools.
        threads: the most threads seen at once (the program's own; none of the observer's).
        duration_ms: the length of the observed window: every lane covers exactly this.
        missing: what could not be seen here, and why, a sentence each.
    """

    findings: tuple[Finding, ...]
    loop: LoopHold | None
    lanes: tuple[Lane, ...]
    threads: int
    duration_ms: float
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stall:
    """What held a loop, queued or waited, told as it ends: one wait over the threshold, or short ones of one second.

    Attributes:
        ended: when, in seconds since the epoch.
        process: the process's id.
        found: what a finding tells, of this alone. Of worker threads' waits and of work in a queue, those that ended
            since the observer was asked last are one stall.
        tid: the thread's id; below 0 for a pool's queue.
    """

    ended: float
    process: int
    found: Finding
    tid: int = 0


@dataclass(frozen=True, slots=True)
class LoopTurn:
    """A turn of an event loop that took long: how long it held the loop, in milliseconds, as far as that is proved.

    Attributes:
        ended_ms: when, in milliseconds since the observation began.
    """

    process: int
    thread: str
    ended_ms: float
    held_ms: float


@dataclass(frozen=True, slots=True)
class LoopNow:
    """An event loop at this moment.

    Attributes:
        held_ms: for how long it has been held; 0 while it is in its poller, or that is not proved.
        call, target, site: what its thread waits in, if it does.
    """

    process: int
    thread: str
    held_ms: float
    call: str | None = None
    target: str | None = None
    site: Site | None = None


@dataclass(frozen=True, slots=True)
class QueueNow:
    """The work that is queued for a pool's threads at this moment.

    Attributes:
        size: how many threads (or tokens) the pool has.
        queued: how much work waits for one.
        oldest_ms: for how long the first of it has waited, in milliseconds.
    """

    process: int
    size: int
    queued: int
    oldest_ms: float


@dataclass(frozen=True, slots=True)
class News:
    """What the observer has to tell while it watches.

    Attributes:
        at_ms: milliseconds since the observation began.
        stalls: those that ended since it was asked last, in the order of time.
        turns: the loops' turns that ended since then.
        loops: every event loop that runs.
        queues: every pool that work is queued for.
        threads: how many there are, in all processes.
        tasks: how many tasks of asyncio's and of trio's there are, in all processes; `None` where none can be seen.
        unheard: how many stalls and turns are left out: there were more than are kept until it is asked.
        missing: what could not be seen until now.
    """

    at_ms: float
    stalls: tuple[Stall, ...]
    turns: tuple[LoopTurn, ...]
    loops: tuple[LoopNow, ...]
    queues: tuple[QueueNow, ...]
    threads: int
    tasks: int | None
    unheard: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seconds:
    """Repeated timings, in seconds."""

    median: float
    min: float
    max: float
    all: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Latency:
    """Round-trip times, in milliseconds."""

    p50: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True)
class CpuSeconds:
    """A process's own CPU time, in seconds."""

    user: float
    system: float


@dataclass(frozen=True, slots=True)
class Run:
    """One variant under one workload: a row of the table.

    Attributes:
        scenario: whose row it is: `file`, `net`, …; `script` for a program of the user's.
        workload: what it was asked to do, e.g. `{"state": "cold", "files": 8, "bytes": 65536}`.
        variant: the recipe's name, or the user's `module:function`.
        backend: `None` for a recipe without an event loop.
        recipe: its path relative to the repository, e.g. `recipes/file_read/blocking.py`; `None` for the user's own.
        libraries: versions of the libraries it uses.
        outcome: `ok`, or what went wrong; `starves`: it leaves clients unanswered, as its model does.
        reason: why it was not `ok`, in one sentence.
        exit_status: the child's; negative for a signal; `None` when there was none.
        seconds: unobserved timings.
        operations: files read, or messages answered, in the median pass.
        per_second: operations per second in the median pass.
        latency_ms: `net` only.
        answered_ms: how long the one that asks among silent clients waited for its first answer; `net` only.
        cpu_seconds: the child's own, in the median pass.
        threads: the most seen at once.
        rss_mib: the child's peak resident memory, in MiB.
        buffered_mib: the most of what had arrived and was held in memory at once, in MiB; `write` only.
        observation: `None` when nothing was observed.
        verdict: one sentence: who waited where.
        notes: what the reader must know to read the row (e.g. "unstable: ...").
    """

    scenario: str
    workload: dict[str, Any]
    variant: str
    backend: Backend | None
    recipe: str | None
    libraries: dict[str, str]
    outcome: Outcome
    reason: str | None = None
    exit_status: int | None = None
    seconds: Seconds | None = None
    operations: int | None = None
    per_second: float | None = None
    latency_ms: Latency | None = None
    answered_ms: float | None = None
    cpu_seconds: CpuSeconds | None = None
    threads: int = 0
    rss_mib: float = 0.0
    buffered_mib: float | None = None
    observation: Observation | None = None
    verdict: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """All rows of one command, and the machine that they were measured on."""

    command: tuple[str, ...]
    python: str
    platform: str
    cpus: int
    started: str
    """ISO 8601, with the offset."""
    runs: tuple[Run, ...] = field(default=())


def milliseconds(value: float) -> str:
    """A time for people: `0.31 ms`, `4.2 ms`, `410 ms`, `2.31 s`, `1,085 s`."""
    if value >= 9999.5:
        return f"{value / 1000:,.{1 if value < 999_950 else 0}f} s"
    if value >= 999.5:
        return f"{value / 1000:.2f} s"
    if value >= 9.95:
        return f"{value:.0f} ms"
    return f"{value:.1f} ms" if value >= 0.95 else f"{value:.2f} ms"


def size_of(count: int) -> str:
    """A number of bytes for people: `64 KiB`, `1.5 MiB`, `500 B`."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= unit:
            return f"{count / unit:.4g} {name}"
    return f"{count} B"
