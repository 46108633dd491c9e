"""A sampler for a process that watches itself: started once, and looking only while a window is open.

`server` watches a child from before its start to its end. Here the observed process is the one that asks, again and
again, for moments that may be shorter than a millisecond: a test, a `with` block. So what costs time is done once and
kept (the interpreter found, each thread's files open, the code objects read), a window is opened and dropped by a note
in the agent's ring, without a system call, and only one that may hold a finding is asked for. Windows may overlap:
each has a judge of its own, and all of them are told what the one sampler sees.

It is nobody's child (its parent has ended), so that it is no leak to a test and no surprise to an `os.wait()`; and it
ends when the process that it watches hangs up or ends, however that comes about.
"""

from __future__ import annotations

import os
import sys

if sys.platform != "win32" and __name__ == "__main__" and os.fork():
    os._exit(0)  # whoever started us waits for this, and need not wait for the imports

import linecache
import pickle
import selectors
import socket
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from compare.observe.agent.channel import Kind, unblock
from compare.observe.in_process.answer import IMPORTS, TELLS, Answer
from compare.observe.interpreter.calibration import calibrate
from compare.observe.interpreter.memory import Unreadable
from compare.observe.judge.judge import Judge
from compare.observe.judge.stalls import Stalls
from compare.observe.kernel.linux_calls import pidfd, received
from compare.observe.sampler.agents import Agent
from compare.observe.sampler.sampler import Sampler

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.observe.agent.record import Record
    from compare.observe.interpreter.layout import Layout

PERIOD_MS = 1
LONG_PERIOD_MS, LOOKS_A_THRESHOLD = 3, 4
"""How seldom it is looked where all windows are there to tell of stalls, and stay open for long; and how often within
the threshold it is all the same."""
REST_MS = 4
"""How often the agent's notes are read while no window is open; so late is one that opens seen, in milliseconds."""
YOUNG_NS = 5_000_000
"""For how long at most a window is young, in nanoseconds."""
ALERT_S = 2.0
"""How long no window was open before it is looked for less often: then a message comes with the next."""
IDLE_MS = 50
"""How often then: sooner than the agent's notes can fill the ring."""
MESSAGE_BYTES = 1 << 17
"""The longest message; fewer bytes than a socket's buffer holds at Linux's default."""
MOST_FINDINGS = 100
KEEP_NS = 1_000_000_000
"""How much of the lanes is kept of a window that may be open for days: nobody asks for them."""

Command = tuple[Any, ...]
"""`("wake",)`: read the notes, there are windows in them; `("stop", number, at)`: answer what was seen in one;
`("news", number)`: answer which stalls ended in one that is open."""


class _Judges:
    """Hands on what the sampler tells to the judge of every window that is open."""

    def __init__(self, judges: dict[int, Judge]) -> None:
        self._judges = judges

    def __getattr__(self, name: str) -> Callable[..., bool]:
        def tell(*args: Any, **kwargs: Any) -> bool:
            answers = [getattr(judge, name)(*args, **kwargs) for judge in self._judges.values()]
            return any(answers)

        self.__dict__[name] = tell  # the next call finds it at once
        return tell


class Windows(Sampler):
    """The sampler that stays; times are nanoseconds on `CLOCK_MONOTONIC`."""

    def __init__(self, pid: int, layout: Layout | None, agent: Agent) -> None:
        """Find the interpreter, and wait for windows."""
        self.open: dict[int, Judge] = {}
        self._periods: dict[int, float] = {}
        """How often each window that is open has to be looked at, in milliseconds."""
        self._fresh: dict[int, Record] = {}
        super().__init__(pid, layout, agent, threshold_ns=0, plain_threads=False)
        self.judge = self._process.judge = cast("Judge", _Judges(self.open))

    def start(self, record: Record) -> None:
        """Open a window."""
        at, number = record.time_ns, record.first
        self._process.began = at  # what threads did before is nobody's matter
        for thread in self._process.threads.values():
            if self.open:
                self._process.cut(thread, at, by_itself=False)
            else:  # where it was seen last is long ago
                thread.open, thread.raw, thread.pinged, thread.turned = None, b"", False, at
        tells, imports = bool(record.amount & TELLS), bool(record.amount & IMPORTS)
        judge = Judge(
            self.pid, at, self.probe,
            threshold_ns=record.second, plain_threads=False, imports=imports, imports_of_others=imports,
            stalls=Stalls(record.second) if tells else None, keep_ns=KEEP_NS if tells else None,
        )  # fmt: skip
        for tid in self._process.notes.hidden:
            judge.hide(self.pid, tid)
        for tid in self._process.notes.loops:
            judge.loop_runs(self.pid, tid, at)
        self.open[number] = judge
        longest = min(LONG_PERIOD_MS, record.second / 1e6 / LOOKS_A_THRESHOLD)
        self._periods[number] = max(longest, PERIOD_MS) if tells else PERIOD_MS

    @property
    def period_ms(self) -> float:
        """How long to wait until the next look, while a window is open."""
        return min((self._periods[number] for number in self.open), default=PERIOD_MS)

    def ended(self, number: int) -> Answer:
        """Say which stalls ended since it was asked last; a window that is closed has none."""
        judge = self.open.get(number)
        if judge is None:
            return Answer(-number)
        judge.names(self.pid, self._process.notes.names)
        stalls, _, left_out = judge.fresh()
        return Answer(-number, stalls=stalls, left_out=left_out)

    def stop(self, number: int, at: int) -> Answer:
        """Close a window that ended at a moment just gone by, and say what was seen in it."""
        self.rest(at_once=True)
        for thread in self._process.threads.values():
            self._process.cut(thread, at, by_itself=False)
        judge = self.open.pop(number)
        self._periods.pop(number, None)
        judge.names(self.pid, self._process.notes.names)
        for work in self._process.notes.queue.values():
            judge.waited(self.pid, work, at)
        for sentence in self._process.notes.missing():
            judge.miss(sentence)
        linecache.checkcache()
        seen = judge.finish(at)
        return Answer(number, seen.findings[:MOST_FINDINGS], seen.missing, judge.fresh()[0])

    def rest(self, *, at_once: bool = False) -> None:
        """Read what the agent noted; a window that is dropped while it is young is never looked into.

        It is young for a tenth of its threshold, unless `at_once`: the first look tells how it began.
        """
        self._read_notes(self._process)
        if not self._fresh:
            return
        now = time.monotonic_ns()
        records = [
            record
            for record in self._fresh.values()
            if at_once or now - record.time_ns >= min(record.second // 10, YOUNG_NS)
        ]
        if not records:
            return
        for record in records:
            del self._fresh[record.first]
            self.start(record)
        self._process._listed = 0  # noqa: SLF001  threads may have come since
        self.tick()
        for record in records:
            self._date_back(record)

    def _date_back(self, record: Record) -> None:
        """The thread that opened a window was first looked at some milliseconds later: it ran, and then it waits."""
        thread = self._process.threads.get(record.tid)
        if thread is None or thread.open is None:
            return
        ran = max(thread.times.run_ns - record.code, 0)
        began = thread.open.start - ran if thread.open.kind == "running" else record.time_ns + ran
        thread.open.start = min(thread.open.start, max(began, record.time_ns))

    def _note_window(self, record: Record) -> None:
        if record.kind is Kind.WINDOW_OPENS:
            self._fresh[record.first] = record
        else:
            self._fresh.pop(record.first, None)
            self.open.pop(record.first, None)
            self._periods.pop(record.first, None)

    def _adopt(self, pid: int, now: int) -> None:  # noqa: ARG002  as is
        """What the process starts is another program."""
        self._others.add(pid)


def main(descriptor: int) -> None:
    """Serve whoever holds the other end of this socket, until it hangs up or ends."""
    control = socket.socket(fileno=descriptor)
    try:
        layout = calibrate()
        missing: tuple[str, ...] = ()
    except Unreadable as error:
        layout, missing = None, (f"no Python lines: {error}",)
    control.send(pickle.dumps(os.getpid()))
    message, descriptors = received(control, MESSAGE_BYTES)
    if not message:
        return
    (pid,) = pickle.loads(message)  # noqa: S301  from the process that started us
    ring, pipe = descriptors
    unblock(pipe)
    windows = Windows(pid, layout, Agent(ring, pipe))
    control.send(pickle.dumps(missing))
    _serve(control, pidfd(pid), windows)


def _serve(control: socket.socket, owner: int, windows: Windows) -> None:
    selector = selectors.DefaultSelector()
    for each in (control, owner):
        selector.register(each, selectors.EVENT_READ)
    idle_since = time.monotonic()
    while True:
        if windows.open:
            idle_since = time.monotonic()
        is_idle = time.monotonic() - idle_since > ALERT_S
        wait_ms = windows.period_ms if windows.open else IDLE_MS if is_idle else REST_MS
        events = {key.fd for key, _ in selector.select(wait_ms / 1000)}
        if owner in events:
            return
        if control.fileno() in events:
            idle_since = time.monotonic()
            message = control.recv(MESSAGE_BYTES)
            if not message:
                return
            _obey(control, windows, pickle.loads(message))  # noqa: S301  from the process that started us
        elif windows.open:
            windows.tick()
            windows.rest()
        else:
            windows.rest()


def _obey(control: socket.socket, windows: Windows, command: Command) -> None:
    match command:
        case ("wake",):
            windows.rest()
        case ("stop", number, at):
            control.send(_packed(windows.stop(number, at)))
        case ("news", number):
            control.send(_packed(windows.ended(number)))


def _packed(answer: Answer) -> bytes:
    """An answer as a message: of stalls those that fit."""
    while len(data := pickle.dumps(answer)) > MESSAGE_BYTES and answer.stalls:
        half = len(answer.stalls) // 2
        left_out = answer.left_out + len(answer.stalls) - half
        answer = replace(answer, stalls=answer.stalls[:half], left_out=left_out)
    return data


if __name__ == "__main__":
    main(int(sys.argv[1]))
