"""Write streams with every variant, in up to three states, and check every byte of what is there afterwards."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from compare import catalogue
from compare.catalogue.scenario import NoRoomError
from compare.process.host import EndedError
from compare.scenarios.shared import fifos
from compare.scenarios.shared.digest import digest
from compare.scenarios.shared.job import MEMORY, PINNED_MALLOC, STACK
from compare.scenarios.shared.page_cache import no_eviction
from compare.scenarios.shared.passes import Passes, Plan
from compare.scenarios.shared.row import Row
from compare.scenarios.shared.storage import Storage, content
from compare.scenarios.shared.timed import told

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from compare.catalogue import Variant
    from compare.catalogue.scenario import Listener
    from compare.process.host import Host
    from compare.results import Run
    from compare.scenarios.write.options import Options, State

COPIES = 3
"""How many times the bytes of all streams a variant may hold at once."""

OPERATIONS = "streams"
ANSWER_S = 10.0
"""How long those at the other ends may take to answer, in seconds."""


def compare(variants: Sequence[Variant], options: Options, host: Host, listener: Listener) -> tuple[Run, ...]:
    """Measure all variants in all states.

    Raises:
        NoRoomError: when there is no place for the files.
        Stopped: when a signal asked for it; nothing is left behind then either.
    """
    with ExitStack() as stack:
        comparison = _Comparison(options, host, listener, stack)
        rows = [row for state in options.states for row in comparison.state(state, variants)]
        comparison.passes.finish(rows)
        return tuple(told(row, OPERATIONS) for row in rows)


class _Ends:
    """The process at the other ends: it sends the streams, and drains the pipes."""

    def __init__(self, host: Host, count: int, size: int, delay: float) -> None:
        self._host = host
        started = {"count": count, "size": size, "delay": delay}
        self._child = host.start("compare.scenarios.write.other_ends", started)
        self.port: int = self._answer()["port"]

    def _answer(self) -> dict[str, Any]:
        try:
            return self._host.receive(self._child, ANSWER_S)
        except (EndedError, TimeoutError) as error:
            message = f"the streams' sender gave up: {error or 'no answer'} {self._child.last_words()}"
            raise NoRoomError(message) from None

    def drain(self, paths: Sequence[str]) -> None:
        self._child.send({"drain": paths})
        self._answer()

    def close(self) -> None:
        self._host.end(self._child)


@dataclass
class _Writing:
    """One pass writes every stream to a path of its own, in a new folder."""

    folder: Path
    state: State
    options: Options
    ends: _Ends
    passes: int = 0

    @property
    def expected_s(self) -> float:
        return self.options.streams * self.options.delay if self.state == "slow" else 0.0

    def command(self) -> dict[str, Any]:
        self.passes += 1
        folder = self.folder / str(self.passes)
        paths = [str(folder / f"{index:05}") for index in range(self.options.streams)]
        try:
            folder.mkdir()
            for path in paths if self.state == "slow" else ():
                fifos.make(path)
        except OSError as error:
            message = f"can't make {len(paths)} pipes in {self.folder.parent}: {error.strerror}"
            raise NoRoomError(message) from None
        if self.state == "slow":
            self.ends.drain(paths)
        size = self.options.length(self.state)
        return {
            "state": self.state,
            "paths": paths,
            "port": self.ends.port,
            "chunk": self.options.chunk,
            "durable": self.state == "durable",
            "digests": [(size, digest(content(index, size))) for index in range(len(paths))],
        }

    def finish(self, answer: dict[str, Any] | None) -> tuple[float, ...]:
        del answer
        shutil.rmtree(self.folder / str(self.passes), ignore_errors=True)
        return ()


class _Comparison:
    """What lives as long as the command: the folders, and those who write into them."""

    def __init__(self, options: Options, host: Host, listener: Listener, stack: ExitStack) -> None:
        self.options, self.host, self.listener, self._stack = options, host, listener, stack
        self.storage = stack.enter_context(Storage())
        total = options.streams * max(options.length(state) for state in options.states)
        plan = Plan(
            module="async_io_cookbook.scenarios.write.child",
            step="write",
            operations=OPERATIONS,
            memory=MEMORY + STACK * options.streams + COPIES * total,
            env=PINNED_MALLOC,
            repeat=bool(options.repeat),
            timeout=options.timeout,
            observe=options.observe,
        )
        self.passes = Passes(plan, host, listener, stack)

    def state(self, state: State, variants: Sequence[Variant]) -> list[Row]:
        """All rows of one state."""
        options = self.options
        size = options.length(state)
        workload: dict[str, Any] = {
            "state": state,
            "streams": options.streams,
            "bytes": size,
            "chunk": options.chunk,
            "malloc": "pinned",
        }
        if state == "slow":
            workload["delay_ms"] = options.delay * 1000
        rows = [Row(variant, workload) for variant in variants]
        folder = self._folder(state)
        for row in rows:
            _skip(row, state, folder)
        work = None
        if not isinstance(folder, str):
            ends = _Ends(self.host, options.streams, size, options.delay)
            self._stack.callback(ends.close)  # there are observed passes after all timed ones
            work = _Writing(folder, state, options, ends)
        self.passes.measure(rows, state, work, options.passes(state))
        return rows

    def _folder(self, state: State) -> Path | str:
        """Where a pass writes; a string says why there is no such place."""
        if state == "slow" and (reason := fifos.why_not()):
            return f"slow can't be had: {reason}"
        if state != "durable":
            return self.storage.folder()
        if no_eviction():
            self.listener.note("durable: whether the files are on a disk can't be told here")
            return self.storage.folder()
        folder, remark = self.storage.cold_folder()  # what can't be evicted is on no disk
        if folder is None:
            return str(remark).replace("cold", "durable")
        if remark:
            self.listener.note(remark.replace("cold", "durable").replace("be evicted", "be synced to a disk"))
        return folder


def _skip(row: Row, state: State, folder: Path | str) -> None:
    """Say of a row that can't be measured here why."""
    allowed, reason = catalogue.states(row.variant)
    if row.variant.unavailable:
        row.outcome, row.reason = "skipped", row.variant.unavailable
    elif isinstance(folder, str):
        row.outcome, row.reason = "skipped", folder
    elif allowed is not None and state not in allowed:
        row.outcome, row.reason = "skipped", reason
