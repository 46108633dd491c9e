"""Scenario `serve`: serve files over HTTP to clients that are fast, and to some that are slow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.catalogue.scenario import Column
from compare.results import milliseconds, size_of
from compare.scenarios.serve.options import LOADS, asked
from compare.scenarios.shared.argument_types import size, some_of, whole
from compare.scenarios.shared.blocked import WhereBlocked
from compare.scenarios.shared.columns import HELD, THREADS, TIME

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from compare.catalogue.recipes import Variant
    from compare.catalogue.scenario import Listener
    from compare.process.host import Host
    from compare.results import Run


class ServeScenario(WhereBlocked):
    """How those who serve files are compared."""

    name = "serve"
    folder = "file_serve"
    entry = "serve"
    contract = "serve(listener: socket.socket, folder: str) -> None, sync or async, over HTTP/1.1"
    calls = "serve(listener, folder)"
    takes = 2
    heading = "Serving files"
    intro = "Every way to bring a file to a socket: `serve(listener, folder)`, a minimal server of files over HTTP/1.1."
    arguments = "8000 docs"
    help = "serve files over HTTP with every variant"
    example = "serve --only 'asyncio_*' --load cold"
    workload = "load"
    workloads = LOADS
    resource = "cold files"
    shown_in = "cold"
    best = "Least"

    def add_options(self, parser: ArgumentParser) -> None:
        """Which load, how many clients, how many bytes."""
        add = parser.add_argument
        load = "small: many small files; big: few big ones; cold: none in memory; slow: beside slow clients (all)"
        add("--load", action="append", type=some_of(LOADS), metavar="LOAD", help=load)
        add("--clients", type=whole(1), metavar="N", help="how many ask at once (default: 16 small, 4 big, 8 else)")
        much = "of each file (default: 16KiB small and slow, 16MiB big, 4MiB cold)"
        add("--size", type=size, metavar="BYTES", help=much)

    def compare(
        self, variants: Sequence[Variant], options: Namespace, host: Host, listener: Listener
    ) -> tuple[Run, ...]:
        """Measure all variants under all loads."""
        from compare.scenarios.serve import comparison  # noqa: PLC0415  --help needs none of it

        return comparison.compare(variants, asked(options), host, listener)

    def title(self, run: Run) -> str:
        """Who asks for what: `serve, cold: 8 clients, 8 requests for files of 4 MiB, none in memory`."""
        work = run.workload
        there = f"{work['clients']} clients, {work['requests']:,} requests for files of {size_of(work['bytes'])}"
        more = {"cold": ", none in memory", "slow": f", beside {work['slow']} slow clients (latency in ms)"}
        return f"{self.name}, {work['load']}: {there}{more.get(work['load'], '')}"

    def columns(self, run: Run) -> tuple[Column, ...]:
        """The rate or the time, the processor time, latencies, memory; and the loop's longest absence."""
        return COLUMNS.get(run.workload.get("load", ""), COLUMNS["big"])

    def cost(self, run: Run) -> float:
        """What a load is about: processor time of what is in memory, else the time; beside slow ones the latency."""
        load = run.workload.get("load")
        told = _cpu(run) if load in ("small", "big") else _p99(run) if load == "slow" else None
        return super().cost(run) if told is None else told

    def brief(self, run: Run) -> tuple[Column, ...]:
        """The one or two figures that a load is about."""
        return self.columns(run)[:2] if run.workload.get("load") in ("small", "cold") else self.columns(run)[:1]

    def least(self, run: Run) -> str:
        """What the best run of a load took: of what the load is about."""
        match run.workload["load"]:
            case "small":
                return f"{_cpu(run):.0f} µs of CPU a request"
            case "big":
                return f"{milliseconds(_per_gib(run) or 0)} of CPU a GiB"
            case "slow":
                return f"p99 {milliseconds(_p99(run) or 0)}"
        return milliseconds(run.seconds.median * 1000 if run.seconds else 0)


def _cpu(run: Run) -> float | None:
    """Processor time of the server for each request, in microseconds."""
    used = run.cpu_seconds if run.outcome == "ok" else None
    return (used.user + used.system) / run.operations * 1e6 if used and run.operations else None


def _per_gib(run: Run) -> float | None:
    """The same for each GiB, in milliseconds."""
    cpu = _cpu(run)
    return None if cpu is None else cpu / 1000 / run.workload["bytes"] * 2**30


def _throughput(run: Run) -> float | None:
    return run.per_second * run.workload["bytes"] / 2**20 if run.per_second and run.outcome == "ok" else None


def _p99(run: Run) -> float | None:
    return run.latency_ms.p99 if run.latency_ms and run.outcome == "ok" else None


CPU = Column("CPU", "µs", _cpu, "CPU per request")
PER_GIB = Column("CPU/GiB", "time", _per_gib, "CPU per GiB")
RATE = Column("req/s", "/s", lambda run: run.per_second if run.outcome == "ok" else None, "requests/s")
MIB_S = Column("MiB/s", "/s", _throughput)
P50 = Column("p50", "ms", lambda run: run.latency_ms.p50 if run.latency_ms else None)
P99 = Column("p99", "ms", _p99)
MAX = Column("max", "ms", lambda run: run.latency_ms.max if run.latency_ms else None)
MEMORY = Column("MiB", "MiB", lambda run: run.rss_mib or None, "memory")
COLUMNS = {
    "small": (CPU, RATE, P50, P99, THREADS, HELD),
    "big": (PER_GIB, MIB_S, MEMORY, THREADS, HELD),
    "cold": (TIME, HELD, PER_GIB, THREADS),
    "slow": (P99, MAX, RATE, MEMORY, HELD),
}

SCENARIO = ServeScenario()
