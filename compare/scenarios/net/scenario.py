"""Scenario `net`: serve a TCP echo to clients that talk, and to clients that are silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.catalogue.scenario import Column, Scenario
from compare.results import milliseconds, size_of
from compare.scenarios.net.groups import HOW_SERVED, how_served
from compare.scenarios.net.options import LOADS, asked
from compare.scenarios.shared.argument_types import number, size, some_of, whole
from compare.scenarios.shared.columns import THREADS

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from compare.catalogue.recipes import Variant
    from compare.catalogue.scenario import Group, Listener
    from compare.process.host import Host
    from compare.results import Run


class NetScenario(Scenario):
    """How servers are compared."""

    name = "net"
    folder = "tcp_echo"
    entry = "serve"
    contract = "serve(listener: socket.socket) -> None, sync or async, each reply being data.upper()"
    calls = "serve(listener)"
    heading = "Serving a TCP echo"
    intro = "Every way to serve: `serve(listener)`, which answers `data.upper()`."
    arguments = "9999"
    help = "serve a TCP echo with every variant"
    example = "net --only 'select*' threadpool_blocking --load hold"
    workload = "load"
    workloads = LOADS
    groups = HOW_SERVED
    page = "docs/models.md"

    def add_options(self, parser: ArgumentParser) -> None:
        """Which load, on which processors."""
        add = parser.add_argument
        load = "busy: ping-pong; hold: silent clients, and one that asks (default: both)"
        add("--load", action="append", type=some_of(LOADS), metavar="LOAD", help=load)
        add("--clients", type=whole(1), metavar="N", help="connections (default: 64)")
        add("--message", type=size, default=1024, metavar="BYTES", help="of each message (default: 1KiB)")
        add("--seconds", type=number(0.01), metavar="S", help="how long the load lasts (default: 0.25)")
        cpus = "processors for server and clients together (default: 1)"
        add("--cpus", type=whole(1), default=1, metavar="N", help=cpus)
        add("--no-pin", action="store_true", help="let the system choose processors")
        malloc = "glibc's thresholds in the servers"
        add("--malloc", choices=("pinned", "default"), default="pinned", help=malloc)

    def compare(
        self, variants: Sequence[Variant], options: Namespace, host: Host, listener: Listener
    ) -> tuple[Run, ...]:
        """Measure all variants under all loads."""
        from compare.scenarios.net import comparison  # noqa: PLC0415  --help needs none of it

        return comparison.compare(variants, asked(options), host, listener)

    def title(self, run: Run) -> str:
        """Who asks what: `net, busy: 64 clients, 1 KiB to and fro`."""
        work = run.workload
        if work["load"] == "hold":
            return f"{self.name}, hold: {work['clients']} silent clients, and one that asks (answer in ms)"
        there = f"{work['clients']} clients, {size_of(work['bytes'])} to and fro"
        return f"{self.name}, busy: {there} (latency in ms, CPU in µs a message)"

    def columns(self, run: Run) -> tuple[Column, ...]:
        """When the one that asks was answered; or the rate, the latency and what a message costs."""
        return HOLD if run.workload.get("load") == "hold" else BUSY

    def cost(self, run: Run) -> float:
        """How long the one that asks waits; or what a message takes of the processor's time."""
        if run.workload.get("load") == "hold":
            return float("inf") if run.answered_ms is None else run.answered_ms
        return -run.per_second if run.per_second else float("inf")

    def brief(self, run: Run) -> tuple[Column, ...]:
        """When the one that asks was answered, or that it was not; what a message costs, and the rate."""
        return (WHETHER,) if run.workload.get("load") == "hold" else (CPU_MESSAGE, SERVED)

    def answer(self, groups: Sequence[tuple[Group, Sequence[Run]]]) -> tuple[str, ...]:
        """Who starves, and what serving all takes."""
        return how_served(groups)

    def commands(self, recipe: str) -> tuple[str, ...]:
        """Busy clients; and silent ones, thread by thread."""
        alone = f"python -m compare {self.name} --only {recipe}"
        return (alone, f"{alone} --load hold --timeline")


def _cpu(run: Run) -> float | None:
    if run.cpu_seconds is None or not run.operations:
        return None
    return (run.cpu_seconds.user + run.cpu_seconds.system) / run.operations * 1e6


def _whether(run: Run) -> str | None:
    if run.outcome == "starves":
        return f"not in {milliseconds(run.workload['seconds'] * 1000)}"
    return None if run.answered_ms is None or run.outcome != "ok" else milliseconds(run.answered_ms)


WHETHER = Column("answered in", "words", _whether)
SERVED = Column("msg/s", "/s", lambda run: run.per_second if run.outcome == "ok" else None)
CPU_MESSAGE = Column("CPU", "µs", lambda run: _cpu(run) if run.outcome == "ok" else None)
ANSWERED = Column("answered", "ms", lambda run: run.answered_ms, "first answer")
LATER = Column("then", "ms", lambda run: run.latency_ms.p50 if run.latency_ms else None, "then, at the median")
MEMORY = Column("MiB", "MiB", lambda run: run.rss_mib or None, "memory")
RATE = Column("msg/s", "/s", lambda run: run.per_second, "messages/s")
P50 = Column("p50", "ms", lambda run: run.latency_ms.p50 if run.latency_ms else None)
P99 = Column("p99", "ms", lambda run: run.latency_ms.p99 if run.latency_ms else None)
MAX = Column("max", "ms", lambda run: run.latency_ms.max if run.latency_ms else None)
CPU = Column("CPU", "µs", _cpu, "CPU per message")
BUSY = (RATE, P50, P99, MAX, CPU, THREADS)
HOLD = (ANSWERED, LATER, THREADS, MEMORY)

SCENARIO = NetScenario()
