"""Scenario `file`: read files, cached, evicted and slow."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compare.results import size_of
from compare.scenarios.file.options import STATES, asked
from compare.scenarios.shared.argument_types import number, size, some_of, whole
from compare.scenarios.shared.blocked import WhereBlocked
from compare.scenarios.shared.columns import HELD, THREADS, TIME

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from compare.catalogue.recipes import Variant
    from compare.catalogue.scenario import Column, Listener
    from compare.process.host import Host
    from compare.results import Run


LATE = "named pipes" if sys.platform == "win32" else "FIFOs"
"""What opens at once and delivers late."""


class FileScenario(WhereBlocked):
    """How readers are compared."""

    name = "file"
    folder = "file_read"
    entry = "read_files"
    contract = "read_files(paths: Sequence[str | os.PathLike[str]]) -> list[bytes], sync or async"
    calls = "read_files(paths)"
    heading = "Reading files"
    intro = "Every way to read a file: `read_file(path)` and `read_files(paths)`."
    arguments = "README.md LICENSE"
    help = "read files with every variant"
    example = "file --only blocking asyncio_aiofiles --timeline"
    workload = "state"
    workloads = STATES
    resource = "slow files"
    shown_in = "slow"
    page = "docs/choosing.md"

    def add_options(self, parser: ArgumentParser) -> None:
        """Which files, in which states."""
        add = parser.add_argument
        states = "warm, cold, slow (default: all three)"
        add("--state", action="append", type=some_of(STATES), metavar="STATE", help=states)
        add("--files", type=whole(1), metavar="N", help="how many files (default: 64 warm, 32 cold, 8 slow)")
        add("--size", type=size, metavar="BYTES", help="of each, e.g. 4096, 64KiB (default: 64KiB; cold 128KiB)")
        add("--delay", type=number(0), metavar="MS", help="how late a FIFO delivers in slow (default: 50)")
        add("--path", nargs="+", default=[], metavar="FILE", help="read these files instead of made ones")

    def compare(
        self, variants: Sequence[Variant], options: Namespace, host: Host, listener: Listener
    ) -> tuple[Run, ...]:
        """Measure all variants in all states."""
        from compare.scenarios.file import comparison  # noqa: PLC0415  --help needs none of it

        return comparison.compare(variants, asked(options), host, listener)

    def title(self, run: Run) -> str:
        """What is read: `file, slow: 8 FIFOs of 64 KiB, each 50 ms late`."""
        work = run.workload
        what = LATE if work.get("state") == "slow" else "files"
        length = f"{size_of(work['bytes'])} in all" if "paths" in work else f"of {size_of(work['bytes'])}"
        late = f", each {work['delay_ms']:g} ms late" if "delay_ms" in work else ""
        return f"{self.name}, {work['state']}: {work['files']} {what} {length}{late}"

    def columns(self, run: Run) -> tuple[Column, ...]:
        """The time, the threads, and the loop's longest absence."""
        del run
        return (TIME, THREADS, HELD)

    def commands(self, recipe: str) -> tuple[str, ...]:
        """Read with it alone; and watch it read."""
        return (
            f"python -m compare {self.name} --only {recipe} --timeline",
            f"python -m compare script -m recipes.{self.folder}.{recipe} README.md",
        )


SCENARIO = FileScenario()
