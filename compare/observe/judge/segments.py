"""A stretch of one thread's time, as the sampler saw it, and what is to be made of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from compare.observe.interpreter import machinery
from compare.observe.kernel import system_calls as syscalls

if TYPE_CHECKING:
    from compare.observe.interpreter.garbage import Collecting
    from compare.observe.interpreter.views import View
    from compare.results import Site


@dataclass(slots=True)
class Work:
    """A piece of work that was handed to a pool, or that asked for a limiter's token; times in nanoseconds."""

    request: int
    pool: int
    size: int
    site: Site | None
    asked: int
    started: int | None = None
    free: bool = False
    """Whether a thread was free for it: then it was not in line, and only the thread had to wake."""
    of_processes: bool = False
    """Whether a pool of processes is to do it."""
    tid: int = 0
    asker: int = 0
    """The thread that asked for it."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a thread completed for a loop; times in nanoseconds.

    Attributes:
        made: since when it was waited for.
        at: when it was completed.
        site: the line at which it is awaited.
        queued: how much there was in the thread's queue then, as far as that was looked up.
    """

    made: int
    at: int
    site: Site | None
    queued: int = 0


IMPORTLIB = "<frozen importlib"
"""How the file names of the import system's own code begin."""

Holder = tuple[int, "str | None", "Site | None"]
"""Who keeps the GIL: a thread, in which call, at which line."""


@dataclass(slots=True)
class Segment:
    """What a thread did from `start` to `end` (nanoseconds): it ran, or waited in one call at one line.

    Attributes:
        kind: `running`, `call`, or `off`: a wait outside of any call, which is a page fault.
        gil: whether it waits for the GIL.
        holders: how often each (thread, call, line) was seen to hold the GIL meanwhile.
        kept_at: the stack that each of them had then, last.
        collectors: which of them collected garbage, at whatever line.
        work: the pool's work that it does.
        wakes: how often it woke and waited again.
        looks: how often it was seen so.
        cpu, delay: nanoseconds on a CPU, and in line for one.
        user, system: clock ticks in user and in kernel mode.
        faults: pages that it had to wait for.
        loose: by how many nanoseconds its end may be wrong: nobody looked just then.
        collecting: the garbage collection that it was in.
    """

    start: int
    kind: Literal["running", "call", "off"]
    call: str | None = None
    arguments: tuple[int, ...] = ()
    end: int = 0
    view: View | None = None
    target: str | None = None
    gil: bool = False
    contended: str | None = None
    """A file whose lock another holds, while this thread sleeps in a library's code: see `sampler`."""
    holders: Counter[Holder] = field(default_factory=Counter)
    kept_at: dict[Holder, View] = field(default_factory=dict)
    collectors: set[Holder] = field(default_factory=set)
    switches: int | None = None
    """How often the GIL had gone from one thread to another, when it was seen last that the thread waits for it."""
    work: Work | None = None
    wakes: int = 0
    looks: int = 1
    asks: int = 0
    """How often it was seen to have a socket or a pipe at hand as it ran, where no loop does."""
    aimed: bool = False
    """Whether it was looked up what it waits for."""
    asked: bool = False
    """Whether it was looked up which task it is in."""
    sought: bool = False
    """Whether it was looked up for which function of the user's a library's code runs."""
    alone: bool = False
    """Whether a poll is not a loop's by nature: a socket with a timeout waits for itself alone."""
    poller: bool = False
    """Whether it is known for a loop's poll, though its stack could not be read."""
    cpu: int = 0
    delay: int = 0
    user: int = 0
    system: int = 0
    faults: int = 0
    loose: int = 0
    collecting: Collecting | None = None

    @property
    def ns(self) -> int:
        """Its length."""
        return self.end - self.start

    @property
    def site(self) -> Site | None:
        """The user's line: the thread's own, or else that of whoever asked for the work."""
        if self.view is not None and self.view.mine:
            return self.view.site
        if self.work is not None and self.work.site is not None:
            return self.work.site
        return self.view.site if self.view is not None else None

    @property
    def polls(self) -> bool:
        """Whether this is an event loop in its poller."""
        view = self.view
        return self.poller or (self.call in syscalls.POLLERS and view is not None and view.loop and view.own)

    @property
    def awaits_import(self) -> bool:
        """Whether it waits for a module that another thread imports: what the import itself waits for is above it."""
        stack = self.view.stack if self.view is not None else ()
        return self.locks and bool(stack) and stack[0].code.filename.startswith(IMPORTLIB)

    @property
    def awaits_start(self) -> bool:
        """Whether it waits until a thread that it has started begins to run."""
        return self.locks and self.view is not None and machinery.starts_a_thread(self.view.stack)

    @property
    def locks(self) -> bool:
        """Whether it waits for another thread or process to let go of something."""
        return self.contended is not None or (
            self.kind == "call" and not self.gil and syscalls.is_lock(self.call or "", self.arguments)
        )
