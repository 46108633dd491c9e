"""Scenario `write`: write streams that arrive over a network, into the page cache, to the disk, and into slow pipes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.catalogue.scenario import Column
from compare.results import size_of
from compare.scenarios.shared.argument_types import number, size, some_of, whole
from compare.scenarios.shared.blocked import WhereBlocked
from compare.scenarios.shared.columns import HELD, THREADS, TIME
from compare.scenarios.write.options import STATES, asked

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from compare.catalogue.recipes import Variant
    from compare.catalogue.scenario import Listener
    from compare.process.host import Host
    from compare.results import Run

MIB = 1 << 20

RATE = Column(
    "MiB/s",
    "count",
    lambda run: (
        run.workload["streams"] * run.workload["bytes"] / MIB / run.seconds.median
        if run.outcome == "ok" and run.seconds and run.seconds.median
        else None
    ),
)
BUFFERED = Column("buffered", "MiB", lambda run: run.buffered_mib if run.outcome == "ok" else None, "buffered at most")


class WriteScenario(WhereBlocked):
    """How writers are compared."""

    name = "write"
    folder = "file_write"
    entry = "write_file"
    contract = (
        "write_file(path: str, chunks: Iterable[bytes], durable: bool = False) -> int, sync or async; "
        "async: chunks: AsyncIterable[bytes]"
    )
    calls = "write_file(path, chunks, durable)"
    takes = 3
    heading = "Writing files"
    intro = (
        "Every way to write a stream to a file that is whole or not there: `write_file(path, chunks, durable=False)`."
    )
    arguments = "copy-of-README.md < README.md"
    help = "write streams with every variant"
    example = "write --only blocking asyncio_aiofiles asyncio_batched"
    workload = "state"
    workloads = STATES
    resource = "slow pipes"
    shown_in = "slow"
    page = "docs/choosing.md"

    def add_options(self, parser: ArgumentParser) -> None:
        """How many streams, into what."""
        add = parser.add_argument
        states = "cached, durable, slow (default: all three)"
        add("--state", action="append", type=some_of(STATES), metavar="STATE", help=states)
        add("--streams", type=whole(1), metavar="N", help="how many at once (default: 8)")
        add("--size", type=size, metavar="BYTES", help="of each, e.g. 64KiB, 8MiB (default: 8MiB; slow 1MiB)")
        add("--chunk", type=size, metavar="BYTES", help="what arrives at a time, at most (default: 64KiB)")
        add("--delay", type=number(0), metavar="MS", help="how late a pipe is drained in slow (default: 50)")

    def compare(
        self, variants: Sequence[Variant], options: Namespace, host: Host, listener: Listener
    ) -> tuple[Run, ...]:
        """Measure all variants in all states."""
        from compare.scenarios.write import comparison  # noqa: PLC0415  --help needs none of it

        return comparison.compare(variants, asked(options), host, listener)

    def title(self, run: Run) -> str:
        """What is written: `write, slow: 8 streams of 1 MiB into pipes that are drained 50 ms late`."""
        work = run.workload
        into = {
            "cached": "into the page cache",
            "durable": "to the disk (fsync)",
            "slow": f"into pipes that are drained {work.get('delay_ms', 0):g} ms late",
        }[work["state"]]
        return f"{self.name}, {work['state']}: {work['streams']} streams of {size_of(work['bytes'])} {into}"

    def columns(self, run: Run) -> tuple[Column, ...]:
        """The time, how much a second, what was buffered, the threads, and the loop's longest absence."""
        del run
        return (TIME, RATE, BUFFERED, THREADS, HELD)

    def commands(self, recipe: str) -> tuple[str, ...]:
        """Write with it alone; and watch it write."""
        return (
            f"python -m compare {self.name} --only {recipe} --timeline",
            f"python -m compare script -m recipes.{self.folder}.{recipe} {self.arguments}",
        )


SCENARIO = WriteScenario()
