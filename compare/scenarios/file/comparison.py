"""Read files with every variant, in up to three states, and check every byte.

Each variant has one child for all of its timed passes, which nothing observes. Passes are made round by round, every
variant once a round, so that what else the machine does meets all of them alike; whose turn it isn't is stopped. The
first pass of a state also tells at once which variants work. Then each variant is observed, in a child of its own.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from statistics import median
from typing import TYPE_CHECKING, Any

from compare import catalogue
from compare.results import CpuSeconds, Run, Seconds
from compare.scenarios.file.options import STATES
from compare.scenarios.file.sources import Cold, Fifos, Warm
from compare.scenarios.file.storage import Storage, of_user
from compare.scenarios.shared import verdict
from compare.scenarios.shared.job import MEMORY, PINNED_MALLOC, STACK, job
from compare.scenarios.shared.page_cache import evict
from compare.scenarios.shared.row import Row
from compare.scenarios.shared.scaled import scaled, slower
from compare.scenarios.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from compare.catalogue import Variant
    from compare.catalogue.scenario import Listener
    from compare.observe import Link
    from compare.process.host import Child, Host
    from compare.scenarios.file.options import Options, State
    from compare.scenarios.file.sources import Source

ENOUGH_S = 0.4
"""After how much time in all a row gets no further pass, unless `--repeat` says how many, in seconds."""

COPIES = 3
"""How many times the bytes of all files a variant may hold at once."""

START_S = 20.0
"""How long a child may take to import its variant, in seconds."""

THRESHOLD_SHARE, LEAST_MS, MOST_MS = 0.1, 1.0, 10.0
"""What counts as a wait: a tenth of the row's time. Less than a millisecond is less than the sampler sees; more than
ten are felt, however long the row."""


def _told(row: Row) -> Run:
    """The row as far as it is known."""
    passes = sorted(row.passes, key=lambda each: each["seconds"])
    return _measured(row, passes) if passes else verdict.told(row.bare())


def _measured(row: Row, passes: list[dict[str, Any]]) -> Run:
    """Add the figures; what belongs to one pass is taken from the median one."""
    run = row.bare()
    times = tuple(each["seconds"] for each in passes)
    middle, seen = passes[(len(passes) - 1) // 2], run.observation
    typical = median(times)
    if seen is not None:
        seen = scaled(seen, row.observed_s, typical)
    values: dict[str, Any] = {name: getattr(run, name) for name in Run.__slots__}
    values |= {
        "seconds": Seconds(typical, times[0], times[-1], times),
        "operations": run.workload["files"],
        "per_second": run.workload["files"] / typical if typical else None,
        "cpu_seconds": CpuSeconds(middle["user"], middle["system"]),
        "threads": max(seen.threads if seen else 0, *(each["threads"] for each in passes)),
        "rss_mib": max(each["rss_mib"] for each in passes),
        "observation": seen,
        "notes": run.notes + verdict.unstable(times) + slower(row.observed_s, typical),
    }
    return verdict.told(Run(**values), row.began)


def compare(variants: Sequence[Variant], options: Options, host: Host, listener: Listener) -> tuple[Run, ...]:
    """Measure all variants in all states.

    Raises:
        NoRoomError: when no files can be made, or the user's can't be read.
        Stopped: when a signal asked for it; nothing is left behind then either.
    """
    with ExitStack() as stack:
        comparison = _Comparison(options, host, listener, stack)
        rows = [row for state in options.states for row in comparison.state(state, variants)]
        comparison.finish(rows)
        return tuple(_told(row) for row in rows)


class _Comparison:
    """What lives as long as the command: children by variant, the files, the observer."""

    def __init__(self, options: Options, host: Host, listener: Listener, stack: ExitStack) -> None:
        self.options, self.host, self.listener = options, host, listener
        self.storage = stack.enter_context(Storage())
        self._stack = stack
        self._children: dict[Variant, Child] = {}
        self._watched: dict[Variant, tuple[Child, Link | None]] = {}
        self._users = of_user(options.paths, host.check) if options.paths else None
        self._watcher = stack.enter_context(Watcher(host)) if options.observe else None

    def state(self, state: State, variants: Sequence[Variant]) -> list[Row]:
        """All rows of one state."""
        count, size = self.options.count(state), self.options.length(state)
        workload: dict[str, Any] = {"state": state, "files": count, "bytes": size, "malloc": "pinned"}
        if state == "slow":
            workload["delay_ms"] = self.options.delay * 1000
        if self._users:
            workload |= {"files": len(self._users.paths), "bytes": self._users.total, "paths": list(self._users.paths)}
        rows = [Row(variant, workload) for variant in variants]
        with ExitStack() as stack:
            source = self._source(state, count, size, stack)
            for row in rows:
                _skip(row, state, source)
            able = [row for row in rows if row.outcome == "ok"]
            self.listener.begin(len(able) * (self.options.passes(state) + self.options.observe))
            for row in rows:
                if row not in able:
                    self.listener.row(_told(row))
            if not isinstance(source, str):
                self._measure(able, state, source)
        return rows

    def _source(self, state: State, count: int, size: int, stack: ExitStack) -> Source | str:
        """Where a pass gets its files from; a string says why there are none."""
        if state == "slow":
            if self._users:
                return "slow can't be had with --path: it reads from FIFOs of its own"
            fifos = Fifos(self.host, self.storage.folder(), count, size, self.options.delay)
            stack.callback(fifos.close)
            return fifos
        if state == "warm":
            return Warm(self._users or self.storage.make(self.storage.folder(), count, size, self.host.check))
        if self._users:
            reason = evict(self._users.paths)
            return f"cold can't be had for these files: {reason}" if reason else Cold(self._users)
        folder, remark = self.storage.cold_folder()
        if folder is None:
            return str(remark)
        if remark:
            self.listener.note(remark)
        return Cold(self.storage.make(folder, count, size, self.host.check))

    def _measure(self, rows: list[Row], state: State, source: Source) -> None:
        """Timed rounds, and then the observed one."""
        limit = self.options.timeout or 10.0 + 2 * source.expected_s
        passes = self.options.passes(state)
        for number in range(passes):
            for row in self._prepared(rows, source, limit) if number == 0 else rows:
                if row.outcome == "ok" and row.spent < (limit if self.options.repeat else min(limit, ENOUGH_S)):
                    self.listener.doing(f"{state}: {row.variant.label}")
                    self._timed(row, source, limit)
                    self.listener.row(_told(row))
                self.listener.passed()
        if self._watcher is not None:
            self._observe([row for row in rows if row.outcome == "ok"], state, source, limit)

    def _observe(self, rows: list[Row], state: State, source: Source, limit: float) -> None:
        """One pass of each variant that is watched, in a child of its own; a failure is a remark on a good row."""
        for some in _batches(rows):
            seen = [Row(row.variant, row.workload) for row in some]
            for row in seen:
                if row.variant not in self._watched:
                    self._watched[row.variant] = self._start_watched(row.variant)
            for row in seen:
                self._ready(row, self._watched[row.variant][0], source, limit)
            for row, watched in zip(some, seen, strict=True):
                self.listener.doing(f"{state}, observed: {row.variant.label}")
                child, _ = self._watched[row.variant]
                if watched.outcome == "ok":
                    self._watch(watched, source, limit, _threshold_ms(row))
                    self.host.hold(child)
                row.observation, row.began, row.observed_s = watched.observation, watched.began, watched.observed_s
                row.notes += watched.notes
                if watched.outcome != "ok":
                    row.notes.append(f"while observed: {watched.reason}")
                    self.host.end(child, grace=0)
                    del self._watched[row.variant]
                self.listener.passed()
                self.listener.row(_told(row))

    def _start_watched(self, variant: Variant) -> tuple[Child, Link | None]:
        link = self._watcher.link() if self._watcher else None
        if link is not None:
            self._stack.callback(link.close)
        return self._start(variant, link), link

    def _watch(self, row: Row, source: Source, limit: float, threshold_ms: float) -> None:
        """Observe one pass, and nothing before and after it."""
        watcher, (child, link) = self._watcher, self._watched[row.variant]
        assert watcher is not None
        files = source.prepare()
        self.host.release(child)
        child.send({"read": {"paths": files.paths, "digests": files.digests, "gates": True}})
        if row.hear(self.host, child, START_S):
            watcher.begin(child.pid, link, threshold_ms)
            child.send({"go": True})
            row.hear(self.host, child, limit)
            row.observation = watcher.end()
            row.notes += [watcher.trouble] if watcher.trouble else []
            child.send({"go": True})
        answer = row.hear(self.host, child, limit) if row.outcome == "ok" else None
        row.observed_s = answer["seconds"] if answer else 0.0
        row.began = source.finish(answer)

    def _prepared(self, rows: list[Row], source: Source, limit: float) -> Iterator[Row]:
        """Rows whose children are there: some are started at a time, and time nothing until all of these are ready."""
        for some in _batches(rows):
            for row in some:
                if row.variant not in self._children:
                    self._children[row.variant] = self._start(row.variant)
            for row in some:
                self._ready(row, self._children[row.variant], source, limit)
                if row.outcome != "ok":
                    self._part(row)
            yield from some

    def _start(self, variant: Variant, link: Link | None = None) -> Child:
        total = (
            self._users.total if self._users else max(self.options.count(s) * self.options.length(s) for s in STATES)
        )
        memory = MEMORY + STACK * self.options.count("warm") + COPIES * total
        told = job(variant, observed=link is not None, memory=memory)
        env = PINNED_MALLOC | (dict(link.env) if link else {})
        return self.host.start("async_io_cookbook.scenarios.file.child", told, env=env, fds=link.fds if link else ())

    def _ready(self, row: Row, child: Child, source: Source, limit: float) -> None:
        """Wait for a new child to have imported, and for one pass that counts for nothing: first calls take longer."""
        if child.ready or row.hear(self.host, child, START_S) is None:
            return
        child.ready = True
        self.host.hold(child)
        if row.workload["state"] != "slow":  # there a delay is a hundred times as long as what is done first
            self._pass(row, child, source, limit)

    def _pass(self, row: Row, child: Child, source: Source, limit: float) -> dict[str, Any] | None:
        """One pass of one variant, which alone is let run; `None`, and the reason in the row, when it went wrong."""
        files = source.prepare()
        self.host.release(child)
        child.send({"read": {"paths": files.paths, "digests": files.digests, "gates": False}})
        answer = row.hear(self.host, child, limit)
        source.finish(answer)
        if answer:
            self.host.hold(child)
        return answer

    def _timed(self, row: Row, source: Source, limit: float) -> None:
        answer = self._pass(row, self._children[row.variant], source, limit)
        if answer:
            row.passes.append(answer)
        else:
            self._part(row)

    def _part(self, row: Row) -> None:
        """End a child that did not do well: the next state gets a new one."""
        child = self._children.pop(row.variant)
        self.host.end(child, grace=0)

    def finish(self, rows: list[Row]) -> None:
        """Let all children end by themselves; those that leave something behind get that into their rows."""
        watched = [child for child, _ in self._watched.values()]
        for child in (*self._children.values(), *watched):
            child.dismiss()
            self.host.release(child)
        for child in watched:
            self.host.end(child)
        for variant, child in self._children.items():
            self.host.end(child)
            for row in rows:
                if row.variant == variant:
                    row.left(child.left_behind)


def _threshold_ms(row: Row) -> float:
    """What counts as a wait in a row that was timed."""
    typical: float = median(each["seconds"] for each in row.passes) * 1000
    return max(LEAST_MS, min(MOST_MS, THRESHOLD_SHARE * typical))


def _batches(rows: list[Row]) -> Iterator[list[Row]]:
    """As many at a time as can be imported at a time."""
    size = max(1, min(os.cpu_count() or 1, 4))
    for first in range(0, len(rows), size):
        yield rows[first : first + size]


def _skip(row: Row, state: State, source: Source | str) -> None:
    """Say of a row that can't be measured here why."""
    allowed, reason = catalogue.states(row.variant)
    if row.variant.unavailable:
        row.outcome, row.reason = "skipped", row.variant.unavailable
    elif isinstance(source, str):
        row.outcome, row.reason = "skipped", source
    elif allowed is not None and state not in allowed:
        row.outcome, row.reason = "skipped", reason
