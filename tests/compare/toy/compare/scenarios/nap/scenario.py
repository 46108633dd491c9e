"""Scenario `nap`: sleep in every way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from compare.catalogue.scenario import Column, Scenario
from compare.results import Seconds
from compare.scenarios.shared.argument_types import number

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from compare.catalogue.recipes import Variant
    from compare.catalogue.scenario import Listener
    from compare.process.host import Host
    from compare.results import Run


class NapScenario(Scenario):
    """How sleepers are compared."""

    name = "nap"
    folder = "naps"
    entry = "nap"
    contract = "nap(seconds: float) -> float"
    calls = "nap(seconds)"
    heading = "Sleeping"
    intro = "Every way to sleep: `nap(seconds)`."
    arguments = ""
    help = "sleep with every variant"
    example = "nap --seconds 0.1"
    workload = "length"
    workloads = ("short",)

    def add_options(self, parser: ArgumentParser) -> None:
        """How long."""
        parser.add_argument("--seconds", type=number(0.001), default=0.02, metavar="S", help="how long each sleeps")

    def compare(
        self, variants: Sequence[Variant], options: Namespace, host: Host, listener: Listener
    ) -> tuple[Run, ...]:
        """Have each sleep once."""
        return tuple(self._run(variant, options.seconds, host, listener) for variant in variants)

    def _run(self, variant: Variant, seconds: float, host: Host, listener: Listener) -> Run:
        from compare.scenarios.shared.job import MEMORY, job
        from compare.scenarios.shared.row import Row

        row = Row(variant, {"length": "short", "seconds": seconds})
        child = host.start("async_io_cookbook.scenarios.nap.child", job(variant, observed=False, memory=MEMORY))
        if row.hear(host, child, 20.0):
            child.send({"nap": {"seconds": seconds}})
            if slept := row.hear(host, child, seconds + 20.0):
                row.passes.append(slept)
        host.end(child)
        times = tuple(each["seconds"] for each in row.passes)
        run = row.bare()
        if times:
            run = replace(run, seconds=Seconds(times[0], times[0], times[0], times), operations=1)
        listener.row(run)
        return run

    def title(self, run: Run) -> str:
        """How long each sleeps."""
        return f"nap: {run.workload['seconds']:g} s"

    def columns(self, run: Run) -> tuple[Column, ...]:
        """How long it took, and how much longer than was asked for."""
        del run
        return (TOOK, LATE)


TOOK = Column("took", "time", lambda run: run.seconds.median * 1000 if run.seconds else None)
LATE = Column(
    "late", "ms", lambda run: (run.seconds.median - run.workload["seconds"]) * 1000 if run.seconds else None, "too late"
)

SCENARIO = NapScenario()
