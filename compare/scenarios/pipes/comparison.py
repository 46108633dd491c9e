"""Run children with every variant, under up to three loads, and check every byte that comes back.

The children are `cat`, where there is one: they start in a millisecond, and give back what they get.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from compare.catalogue.scenario import NoRoomError
from compare.scenarios.pipes import programs
from compare.scenarios.pipes.child import content
from compare.scenarios.shared.job import MEMORY, PINNED_MALLOC, STACK
from compare.scenarios.shared.passes import Passes, Plan
from compare.scenarios.shared.row import Row
from compare.scenarios.shared.timed import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compare.catalogue import Variant
    from compare.catalogue.scenario import Listener
    from compare.process.host import Host
    from compare.results import Run
    from compare.scenarios.pipes.options import Options

THREADS = 4
"""How many threads a variant may have for each child."""

COPIES = 8
"""How many times the bytes of all children a variant may hold at once, with what it sends and what came."""

OPERATIONS = "children"


def compare(variants: Sequence[Variant], options: Options, host: Host, listener: Listener) -> tuple[Run, ...]:
    """Measure all variants under all loads.

    Raises:
        NoRoomError: when there is no room for the errors that a child is to write.
        Stopped: when a signal asked for it; nothing is left behind then either.
    """
    workloads = [options.workload(load) for load in options.loads]
    children = max(work["children"] for work in workloads)
    much = max(work["children"] * work["bytes"] for work in workloads)
    with ExitStack() as stack:
        plan = Plan(
            module="async_io_cookbook.scenarios.pipes.child",
            step="talk",
            operations=OPERATIONS,
            memory=MEMORY + STACK * THREADS * children + COPIES * much,
            env=PINNED_MALLOC,
            repeat=bool(options.repeat),
            timeout=options.timeout,
            observe=options.observe,
        )
        passes = Passes(plan, host, listener, stack)
        rows: list[Row] = []
        for workload in workloads:
            some = [Row(variant, workload) for variant in variants]
            for row in some:
                if row.variant.unavailable:
                    row.outcome, row.reason = "skipped", row.variant.unavailable
            passes.measure(some, workload["load"], _children(workload, stack), options.passes())
            rows += some
        passes.finish(rows)
        return tuple(told(row, OPERATIONS) for row in rows)


@dataclass(frozen=True)
class _Children:
    """What the children of one load are, and what goes to them."""

    told: dict[str, Any]
    expected_s: float = 0.0

    def command(self) -> dict[str, Any]:
        return self.told

    def finish(self, answer: dict[str, Any] | None) -> tuple[float, ...]:
        del answer
        return ()


def _children(workload: dict[str, Any], stack: ExitStack) -> _Children:
    children, size = workload["children"], workload["bytes"]
    told = {"children": children, "bytes": size, "errors": 0, "command": programs.cat()}
    match workload["load"]:
        case "many":
            delay = workload["delay_ms"] / 1000
            if delay:
                told["command"] = programs.late(delay)
            return _Children(told, children * delay)
        case "stderr":
            path = _errors(size, stack)
            return _Children(told | {"errors": size, "command": programs.loud(path)})
    return _Children(told)


def _errors(size: int, stack: ExitStack) -> str:
    """A file with what a child writes to its standard error."""
    try:
        path = Path(stack.enter_context(TemporaryDirectory(prefix="compare-")), "errors")
        path.write_bytes(content(-1, size))
    except OSError as error:
        message = f"can't write {size} bytes of errors: {error.strerror}; ask for less with --size, or set TMPDIR"
        raise NoRoomError(message) from None
    return str(path)
