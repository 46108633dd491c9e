"""Serve files with every variant, under up to four loads, and check every byte that comes.

Each pass starts the clients anew, as a process of their own; what the server takes is its own processor time. Big
replies that are cold come from files that were evicted just before.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from compare.results import Latency
from compare.scenarios.serve.clients import SLOW_NAME
from compare.scenarios.shared.job import MEMORY, PINNED_MALLOC, STACK
from compare.scenarios.shared.page_cache import evict, warm
from compare.scenarios.shared.passes import Passes, Plan
from compare.scenarios.shared.row import Row
from compare.scenarios.shared.storage import Storage
from compare.scenarios.shared.timed import told

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from compare.catalogue import Variant
    from compare.catalogue.scenario import Listener
    from compare.process.host import Host
    from compare.results import Run
    from compare.scenarios.serve.options import Options

OPERATIONS = "requests"
SLOW_BYTES = 64 << 20
"""Of the file that slow clients ask for: more than they take in a pass."""


def compare(variants: Sequence[Variant], options: Options, host: Host, listener: Listener) -> tuple[Run, ...]:
    """Measure all variants under all loads.

    Raises:
        NoRoomError: when files can't be made.
        Stopped: when a signal asked for it; nothing is left behind then either.
    """
    workloads = [options.workload(load) for load in options.loads]
    clients = max(work["clients"] + work["slow"] for work in workloads)
    with ExitStack() as stack:
        storage = stack.enter_context(Storage())
        plan = Plan(
            module="async_io_cookbook.scenarios.serve.child",
            step="serve",
            operations=OPERATIONS,
            memory=MEMORY + STACK * (clients + 40),
            env=PINNED_MALLOC,
            repeat=bool(options.repeat),
            timeout=options.timeout,
            observe=options.observe,
        )
        passes = Passes(plan, host, listener, stack)
        rows: list[Row] = []
        for workload in workloads:
            files, reason = _files(workload, storage, host, listener)
            some = [Row(variant, workload) for variant in variants]
            for row in some:
                if why := row.variant.unavailable or reason:
                    row.outcome, row.reason = "skipped", why
            passes.measure(some, workload["load"], files, options.passes())
            rows += some
        passes.finish(rows)
        return tuple(_with_latency(row) for row in rows)


def _with_latency(row: Row) -> Run:
    """The row with the latencies of its median pass."""
    run = told(row, OPERATIONS)
    passes = sorted(row.passes, key=lambda each: each["seconds"])
    if not passes:
        return run
    return replace(run, latency_ms=Latency(**passes[(len(passes) - 1) // 2]["latency_ms"]))


@dataclass(frozen=True)
class _Files:
    """The folder that is served, and who asks for what."""

    folder: Path
    paths: tuple[str, ...]
    clients: dict[str, Any]
    expected_s: float = 0.0

    def command(self) -> dict[str, Any]:
        if self.clients["load"] == "cold":
            evict(self.paths)
        else:
            warm(self.paths)
        return {"folder": str(self.folder), "clients": self.clients}

    def finish(self, answer: dict[str, Any] | None) -> tuple[float, ...]:
        del answer
        return ()


def _files(
    workload: dict[str, Any], storage: Storage, host: Host, listener: Listener
) -> tuple[_Files | None, str | None]:
    """The files of one load, or why there can be none."""
    folder: Path | None
    if workload["load"] == "cold":
        folder, remark = storage.cold_folder()
        if folder is None:
            return None, remark
        if remark:
            listener.note(remark)
    else:
        folder = storage.folder()
    made = storage.make(folder, workload["files"], workload["bytes"], host.check)
    if workload["slow"]:
        with (folder / SLOW_NAME).open("wb") as file:
            file.truncate(SLOW_BYTES)
    return _Files(folder, made.paths, workload), None
