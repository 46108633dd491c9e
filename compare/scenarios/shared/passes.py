"""Passes of many variants over the same work: timed rounds, which nothing observes, and one that is observed.

Each variant has one child for all of its passes. They are made round by round, every variant once a round, so that what
else the machine does meets all of them alike; whose turn it isn't is stopped. The first pass also tells at once which
variants work. When all are timed, what observes is let into the same children, and each makes one more pass.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any, Protocol

from compare.scenarios.shared.job import AGENT, job
from compare.scenarios.shared.row import Row
from compare.scenarios.shared.timed import told
from compare.scenarios.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import ExitStack

    from compare.catalogue import Variant
    from compare.catalogue.scenario import Listener
    from compare.observe import Link
    from compare.process.host import Child, Host

ENOUGH_S = 0.25
"""After how much time in all a row gets no further pass, unless `--repeat` says how many, in seconds."""

LONG_S = 0.1
"""First calls make a pass that takes so long no longer, in seconds: no pass goes before it that counts for nothing."""

START_S = 20.0
"""How long a child may take to import its variant, in seconds."""

THRESHOLD_SHARE, LEAST_MS, MOST_MS = 0.1, 1.0, 10.0
"""What counts as a wait: a tenth of the row's time. Less than a millisecond is less than the sampler sees; more than
ten are felt, however long the row."""


class Work(Protocol):
    """What each pass does, the same for every variant."""

    @property
    def expected_s(self) -> float:
        """How long an honest variant may have to wait in it, in seconds."""

    def command(self) -> dict[str, Any]:
        """Just before a pass: make everything ready, and return what the child is told."""

    def finish(self, answer: dict[str, Any] | None) -> tuple[float, ...]:
        """After a pass: how long after its start each part was begun with, in seconds, where that can be told."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How passes are made.

    Attributes:
        module: what a child runs.
        step: the command of the child's that makes one pass.
        operations: the key of the workload that says how many operations a pass has.
        memory: what a variant may allocate, in bytes.
        env: more of the child's environment.
        repeat: whether it was asked for how many passes there are, so that all are made.
        timeout: for one pass, and for all timed passes of a row together, in seconds; `None`: ten, and what is
            expected twice.
        observe: whether there is an observed pass.
    """

    module: str
    step: str
    operations: str
    memory: int
    env: Mapping[str, str] = field(default_factory=dict)
    repeat: bool = False
    timeout: float | None = None
    observe: bool = True


@dataclass(slots=True)
class _Started:
    """A variant's child; `watched` as soon as what observes has been let in."""

    child: Child
    link: Link | None
    watched: bool = False


@dataclass(frozen=True, slots=True)
class _Timed:
    """Rows that are yet to be observed, at the same work."""

    rows: list[Row]
    title: str
    work: Work
    limit: float


class Passes:
    """What lives as long as the command: children by variant, and the observer."""

    def __init__(self, plan: Plan, host: Host, listener: Listener, stack: ExitStack) -> None:
        """Start nothing but the observer; `stack` ends it."""
        self.plan, self.host, self.listener = plan, host, listener
        self._stack = stack
        self._children: dict[Variant, _Started] = {}
        self._timed: list[_Timed] = []
        self._watcher = stack.enter_context(Watcher(host)) if plan.observe else None

    def measure(self, rows: list[Row], title: str, work: Work | None, passes: int) -> None:
        """Timed rounds; the observed one is made by `finish`, when nothing is to be timed any more.

        Args:
            rows: those of one workload that are to be measured; the others are told as they are.
            title: the workload in a word.
            work: what is done, until `finish`; `None` where that can't be had, and all rows say so.
            passes: how many timed ones.
        """
        able = [row for row in rows if row.outcome == "ok"]
        self.listener.begin(len(able) * (passes + self.plan.observe))
        for row in rows:
            if row not in able:
                self._tell(row)
        if work is None:
            return
        limit = self.plan.timeout or 10.0 + 2 * work.expected_s
        for number in range(passes):
            for row in self._prepared(able, work, limit) if number == 0 else able:
                enough = limit if self.plan.repeat else min(limit, ENOUGH_S)
                if row.outcome == "ok" and len(row.passes) <= number and row.spent < enough:
                    self.listener.doing(f"{title}: {row.variant.label}")
                    self._time(row, work, limit)
                self._tell(row)
                self.listener.passed()
        if self._watcher is not None:
            self._timed.append(_Timed(able, title, work, limit))

    def _tell(self, row: Row) -> None:
        self.listener.row(told(row, self.plan.operations))

    def _observe(self, timed: _Timed) -> None:
        """One pass of each variant that is watched; a failure is a remark on a good row."""
        for some in _batches([row for row in timed.rows if row.outcome == "ok"]):
            seen = [Row(row.variant, row.workload) for row in some]
            for row in seen:
                if row.variant not in self._children:
                    self._children[row.variant] = self._start(row.variant, watched=True)
                self._ask_in(row)
            for row, watched in zip(some, seen, strict=True):
                self._let_in(watched, timed, _typical(row))
            for row, watched in zip(some, seen, strict=True):
                self.listener.doing(f"{timed.title}, observed: {row.variant.label}")
                child = self._children[row.variant].child
                if watched.outcome == "ok":
                    self._watch(watched, timed.work, timed.limit, _threshold_ms(row))
                    self.host.hold(child)
                row.observation, row.began, row.observed_s = watched.observation, watched.began, watched.observed_s
                row.notes += watched.notes
                if watched.outcome != "ok":
                    row.notes.append(f"while observed: {watched.reason}")
                    self._part(row)
                self.listener.passed()
                self._tell(row)
            for row in some:  # it ends while others are observed: nothing is timed any more
                if row.variant in self._children:
                    self._dismiss(row.variant)

    def _ask_in(self, row: Row) -> None:
        """Have a child import what observes: several do at a time, as nothing is timed any more."""
        started = self._children[row.variant]
        if started.child.ready and not started.watched:
            self.host.release(started.child)
            started.child.send({"agent": AGENT})

    def _let_in(self, row: Row, timed: _Timed, typical: float) -> None:
        """Wait until it is in; a pass that counts for nothing goes before a short one that is observed."""
        started = self._children[row.variant]
        if started.child.ready and started.watched:
            return
        if row.hear(self.host, started.child, START_S) is None:
            return
        started.child.ready = started.watched = True
        self.host.hold(started.child)
        if typical < LONG_S:
            self._pass(row, started.child, timed.work, timed.limit)

    def _watch(self, row: Row, work: Work, limit: float, threshold_ms: float) -> None:
        """Observe one pass, and nothing before and after it."""
        watcher, started = self._watcher, self._children[row.variant]
        assert watcher is not None
        child = started.child
        command = work.command()
        self.host.release(child)
        child.send({self.plan.step: command | {"gates": True}})
        if poised := row.hear(self.host, child, START_S):
            watcher.begin(child.pid, started.link, threshold_ms, apart=tuple(poised["apart"]))
            child.send({"go": True})
            row.hear(self.host, child, limit)
            row.observation = watcher.end()
            row.notes += [watcher.trouble] if watcher.trouble else []
            child.send({"go": True})
        answer = row.hear(self.host, child, limit) if row.outcome == "ok" else None
        row.observed_s = answer["seconds"] if answer else 0.0
        row.began = work.finish(answer)

    def _prepared(self, rows: list[Row], work: Work, limit: float) -> Iterator[Row]:
        """Rows whose children are there: some are started at a time, and time nothing until all of these are ready."""
        for some in _batches(rows):
            for row in some:
                if row.variant not in self._children:
                    self._children[row.variant] = self._start(row.variant)
            for row in some:
                self._ready(row, work, limit)
                if row.outcome != "ok":
                    self._part(row)
            yield from some

    def _start(self, variant: Variant, *, watched: bool = False) -> _Started:
        link = self._watcher.link(early=not watched) if self._watcher else None
        if link is not None:
            self._stack.callback(link.close)
        env = dict(self.plan.env) | (dict(link.env) if link else {})
        said = job(variant, observed=watched and link is not None, memory=self.plan.memory)
        child = self.host.start(self.plan.module, said, env=env, fds=link.fds if link else ())
        return _Started(child, link, watched)

    def _ready(self, row: Row, work: Work, limit: float) -> None:
        """Wait for a new child to have imported, and for one pass, which counts if it is long: first calls are slow."""
        child = self._children[row.variant].child
        if child.ready or row.hear(self.host, child, START_S) is None:
            return
        child.ready = True
        self.host.hold(child)
        if work.expected_s:  # a delay is a hundred times as long as what is done first
            return
        answer = self._pass(row, child, work, limit)
        if answer and answer["seconds"] >= LONG_S:
            row.passes.append(answer)

    def _pass(self, row: Row, child: Child, work: Work, limit: float) -> dict[str, Any] | None:
        """One pass of one variant, which alone is let run; `None`, and the reason in the row, when it went wrong."""
        command = work.command()
        self.host.release(child)
        child.send({self.plan.step: command | {"gates": False}})
        answer = row.hear(self.host, child, limit)
        work.finish(answer)
        if answer:
            self.host.hold(child)
        return answer

    def _time(self, row: Row, work: Work, limit: float) -> None:
        answer = self._pass(row, self._children[row.variant].child, work, limit)
        if answer:
            row.passes.append(answer)
        else:
            self._part(row)

    def _part(self, row: Row) -> None:
        """End a child that did not do well: the next workload gets a new one."""
        self.host.end(self._children.pop(row.variant).child, grace=0)

    def _dismiss(self, variant: Variant) -> None:
        """Let a child end by itself, unless it is to be observed at some other work."""
        if not any(row.variant == variant for timed in self._timed for row in timed.rows):
            child = self._children[variant].child
            child.dismiss()
            self.host.release(child)

    def finish(self, rows: list[Row]) -> None:
        """Observe what was timed, and let all children end; what they leave behind is told in their rows."""
        while self._timed:
            self._observe(self._timed.pop(0))
        for variant in self._children:
            self._dismiss(variant)
        for variant, started in self._children.items():
            self.host.end(started.child)
            for row in rows:
                if row.variant == variant:
                    row.left(started.child.left_behind)


def _typical(row: Row) -> float:
    """How long a pass of a row takes that was timed, in seconds."""
    typical: float = median(each["seconds"] for each in row.passes)
    return typical


def _threshold_ms(row: Row) -> float:
    """What counts as a wait in a row that was timed."""
    return max(LEAST_MS, min(MOST_MS, THRESHOLD_SHARE * 1000 * _typical(row)))


def _batches(rows: list[Row]) -> Iterator[list[Row]]:
    """Twice as many at a time as can import at a time: no processor idles while the slowest of them does."""
    size = 2 * max(1, min(os.cpu_count() or 1, 4))
    for first in range(0, len(rows), size):
        yield rows[first : first + size]
