"""Read files with every variant, in up to three states, and check every byte."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from compare import catalogue
from compare.scenarios.file.options import STATES
from compare.scenarios.file.sources import Cold, Fifos, Warm
from compare.scenarios.shared import late_files
from compare.scenarios.shared.job import MEMORY, PINNED_MALLOC, STACK
from compare.scenarios.shared.page_cache import evict
from compare.scenarios.shared.passes import Passes, Plan
from compare.scenarios.shared.row import Row
from compare.scenarios.shared.storage import Storage, of_user
from compare.scenarios.shared.timed import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compare.catalogue import Variant
    from compare.catalogue.scenario import Listener
    from compare.process.host import Host
    from compare.results import Run
    from compare.scenarios.file.options import Options, State
    from compare.scenarios.file.sources import Source

COPIES = 3
"""How many times the bytes of all files a variant may hold at once."""

OPERATIONS = "files"


def compare(variants: Sequence[Variant], options: Options, host: Host, listener: Listener) -> tuple[Run, ...]:
    """Measure all variants in all states.

    Raises:
        NoRoomError: when no files can be made, or the user's can't be read.
        Stopped: when a signal asked for it; nothing is left behind then either.
    """
    with ExitStack() as stack:
        comparison = _Comparison(options, host, listener, stack)
        rows = [row for state in options.states for row in comparison.state(state, variants)]
        comparison.passes.finish(rows)
        return tuple(told(row, OPERATIONS) for row in rows)


@dataclass
class _Reading:
    """One pass reads what a source gives."""

    source: Source

    @property
    def expected_s(self) -> float:
        return self.source.expected_s

    def command(self) -> dict[str, Any]:
        files = self.source.prepare()
        return {"paths": files.paths, "digests": files.digests}

    def finish(self, answer: dict[str, Any] | None) -> tuple[float, ...]:
        return self.source.finish(answer)


class _Comparison:
    """What lives as long as the command: the files, and those who read them."""

    def __init__(self, options: Options, host: Host, listener: Listener, stack: ExitStack) -> None:
        self.options, self.host, self.listener = options, host, listener
        self.storage = stack.enter_context(Storage())
        self._stack = stack
        self._users = of_user(options.paths, host.check) if options.paths else None
        total = self._users.total if self._users else max(options.count(s) * options.length(s) for s in STATES)
        plan = Plan(
            module="async_io_cookbook.scenarios.file.child",
            step="read",
            operations=OPERATIONS,
            memory=MEMORY + STACK * options.count("warm") + COPIES * total,
            env=PINNED_MALLOC,
            repeat=bool(options.repeat),
            timeout=options.timeout,
            observe=options.observe,
        )
        self.passes = Passes(plan, host, listener, stack)

    def state(self, state: State, variants: Sequence[Variant]) -> list[Row]:
        """All rows of one state."""
        count, size = self.options.count(state), self.options.length(state)
        workload: dict[str, Any] = {"state": state, "files": count, "bytes": size, "malloc": "pinned"}
        if state == "slow":
            workload["delay_ms"] = self.options.delay * 1000
        if self._users:
            workload |= {"files": len(self._users.paths), "bytes": self._users.total, "paths": list(self._users.paths)}
        rows = [Row(variant, workload) for variant in variants]
        source = self._source(state, count, size)
        for row in rows:
            _skip(row, state, source)
        work = None if isinstance(source, str) else _Reading(source)
        self.passes.measure(rows, state, work, self.options.passes(state))
        return rows

    def _source(self, state: State, count: int, size: int) -> Source | str:
        """Where a pass gets its files from; a string says why there are none."""
        if state == "slow":
            return self._slow(count, size)
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

    def _slow(self, count: int, size: int) -> Source | str:
        if self._users:
            return "slow can't be had with --path: it reads from FIFOs of its own"
        if reason := late_files.why_not():
            return f"slow can't be had: {reason}"
        made = Fifos(self.host, self.storage.folder(), count, size, self.options.delay)
        self._stack.callback(made.close)
        return made


def _skip(row: Row, state: State, source: Source | str) -> None:
    """Say of a row that can't be measured here why."""
    allowed, reason = catalogue.states(row.variant)
    if row.variant.unavailable:
        row.outcome, row.reason = "skipped", row.variant.unavailable
    elif isinstance(source, str):
        row.outcome, row.reason = "skipped", source
    elif allowed is not None and state not in allowed:
        row.outcome, row.reason = "skipped", reason
