"""Scenario `pipes`: feed child processes and read what they write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.catalogue.scenario import Column
from compare.results import size_of
from compare.scenarios.pipes.options import LOADS, asked
from compare.scenarios.shared.argument_types import number, size, some_of, whole
from compare.scenarios.shared.blocked import WhereBlocked, groups_by_who_waits
from compare.scenarios.shared.columns import HELD, THREADS, TIME

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from compare.catalogue.recipes import Variant
    from compare.catalogue.scenario import Listener
    from compare.process.host import Host
    from compare.results import Run


class PipesScenario(WhereBlocked):
    """How those who run children are compared."""

    name = "pipes"
    folder = "child_pipes"
    entry = "run"
    contract = "run(arguments: list[str], data: bytes) -> tuple[int, bytes, bytes]: status, out, err; sync or async"
    calls = "run(arguments, data)"
    takes = 2
    heading = "Talking to child processes"
    intro = (
        "Every way to feed a child and to read its pipes: `run(arguments, data, timeout)`, which returns its status "
        "and all that it wrote, and `lines(arguments)`, which gives each line as it comes."
    )
    arguments = "ls -l"
    help = "run child processes with every variant"
    example = "pipes --only 'asyncio_*' --load many"
    workload = "load"
    workloads = LOADS
    groups = groups_by_who_waits("a child")
    resource = "a child"
    shown_in = "many"

    def add_options(self, parser: ArgumentParser) -> None:
        """Which load, how many children, how many bytes."""
        add = parser.add_argument
        load = "many: children at once; stderr: one that writes errors first; bulk: much through one (default: all)"
        add("--load", action="append", type=some_of(LOADS), metavar="LOAD", help=load)
        add("--children", type=whole(1), metavar="N", help="how many at once in many (default: 64)")
        much = "to each child and back (default: 64KiB many, 4MiB stderr, 32MiB bulk)"
        add("--size", type=size, metavar="BYTES", help=much)
        add("--delay", type=number(0), metavar="MS", help="how late each of many begins to read (default: 10)")

    def compare(
        self, variants: Sequence[Variant], options: Namespace, host: Host, listener: Listener
    ) -> tuple[Run, ...]:
        """Measure all variants under all loads."""
        from compare.scenarios.pipes import comparison  # noqa: PLC0415  --help needs none of it

        return comparison.compare(variants, asked(options), host, listener)

    def title(self, run: Run) -> str:
        """What the children do: `pipes, many: 64 children at once, 64 KiB to and fro, each 10 ms late`."""
        work = run.workload
        much = size_of(work["bytes"])
        match work["load"]:
            case "many":
                late = f", each {work['delay_ms']:g} ms late" if work["delay_ms"] else ""
                return f"{self.name}, many: {work['children']} children at once, {much} to and fro{late}"
            case "stderr":
                return f"{self.name}, stderr: {much} of errors from a child before it reads, then {much} to and fro"
        return f"{self.name}, bulk: {much} to and fro through one child"

    def columns(self, run: Run) -> tuple[Column, ...]:
        """The time, its own processor time, the loop's longest absence; and threads or memory."""
        last = THREADS if run.workload.get("load") == "many" else MEMORY
        return (TIME, CPU, last, HELD)

    def brief(self, run: Run) -> tuple[Column, ...]:
        """The time; of much through one the memory too."""
        return (TIME, MEMORY) if run.workload.get("load") == "bulk" else (TIME,)


def _cpu(run: Run) -> float | None:
    used = run.cpu_seconds if run.outcome == "ok" else None
    return (used.user + used.system) * 1000 if used else None


CPU = Column("CPU", "time", _cpu, "own CPU")
MEMORY = Column("MiB", "MiB", lambda run: run.rss_mib or None, "memory")

SCENARIO = PipesScenario()
