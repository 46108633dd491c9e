"""`python -m benchmarks write`: write streams to files in every way, one work after another.

The limit is a plain loop of `os.write` into the file itself. The recipes do more: they write to a new file that takes
the old one's name at the end, so that an error or a cancellation leaves the old one as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from benchmarks.file import LEAST_S, Bench, Plan, measured
from benchmarks.file_works import PACKAGES, PEERS, Way
from benchmarks.measure import Goal, UnavailableError
from benchmarks.pipes import label
from compare import catalogue
from compare.scenarios.shared.storage import Storage

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from benchmarks.__main__ import Options
    from benchmarks.measure import Row
    from compare.catalogue import Variant

WORKS = ("large", "lines", "many", "durable")
LIMIT = "os.write in a loop"
STREAM, STALL = "ms a stream", "ms stall"
CHUNK, LINE = 64 << 10, 1 << 10
PEER_NAMES = ("aiofiles", "anyio on asyncio", "anyio on trio", "trio")
BEST = ("asyncio_writer_thread", "asyncio_batched", "trio_batched")
LARGE_GOALS = tuple(
    goal
    for name in BEST
    for goal in (
        Goal(name, STREAM, "limit", 0.8),
        Goal(name, STREAM, "peer", 5.0),
        Goal(name, STALL, "value", 5.0),
    )
)


def measure(options: Options) -> list[Row]:
    """Measure the works that are asked for.

    Raises:
        UnavailableError: when there is no room for the files.
    """
    return measured(options, WORKS, Writing)


class Writing(Bench):
    """One work at a time."""

    child = "benchmarks.write_child"
    idle: ClassVar[dict[str, str]] = Bench.idle | {"a loop beside a thread that writes": "beside_a_writer"}

    def __init__(self, options: Options, folder: Path, stack: ExitStack) -> None:
        """Pin nothing: a thread that writes is to have a processor beside the loop's, as it has elsewhere."""
        super().__init__(options, folder, stack, pinned=False)
        self.storage = stack.enter_context(Storage())

    def _large(self, folder: Path, _detail: str) -> Plan:
        return self._plan(folder, 1, (8 if self.options.quick else 64) << 20, CHUNK, LARGE_GOALS)

    def _lines(self, folder: Path, _detail: str) -> Plan:
        return self._plan(folder, 1, (1 if self.options.quick else 8) << 20, LINE)

    def _many(self, folder: Path, _detail: str) -> Plan:
        return self._plan(folder, 8 if self.options.quick else 64, 1 << 20, CHUNK)

    def _durable(self, _folder: Path, _detail: str) -> Plan:
        folder, _ = self.storage.cold_folder()  # what can't be evicted is on no disk
        if folder is None:
            message = "durable needs a directory on a disk: set TMPDIR to one, or name other works with --only"
            raise UnavailableError(message)
        return self._plan(folder, 1, (1 if self.options.quick else 16) << 20, CHUNK, durable=True)

    def _plan(  # noqa: PLR0913  what a work is made of
        self, folder: Path, streams: int, size: int, chunk: int, goals: tuple[Goal, ...] = (), *, durable: bool = False
    ) -> Plan:
        message: dict[str, Any] = {
            "paths": [str(folder / f"{number:05}") for number in range(streams)],
            "chunks": size // chunk,
            "chunk": chunk,
            "more": {"durable": True} if durable else {},
            "evict": False,
            "checked": False,
            "least_s": 0.0 if durable else LEAST_S,
        }
        many = f"{streams} streams at once, each " if streams > 1 else ""
        where = "to the disk (fsync)" if durable else "into the page cache"
        title = f"{many}{size >> 20} MiB in chunks of {chunk >> 10} KiB, {where}"
        ways = (LOOP, *(() if durable else PEERS_OF_WRITE), *map(_recipe, catalogue.variants("write")))
        return Plan(title, STREAM, streams, 1e3, ways, message, goals, LIMIT, stalls=True)


LOOP = Way(LIMIT, "limit", None, f"{PEERS}.plain", "write_file", "write")
PEERS_OF_WRITE = tuple(
    Way(name, "peer", PACKAGES[name][1], f"{PEERS}.{PACKAGES[name][0]}", "write_file", "write") for name in PEER_NAMES
)


@dataclass(frozen=True, slots=True)
class _Recipe(Way):
    """One of ours; the catalogue knows whether it can run here."""

    why: str = ""

    @property
    def unavailable(self) -> str:
        return self.why


def _recipe(variant: Variant) -> Way:
    return _Recipe(
        label(variant),
        "ours",
        variant.backend,
        variant.module,
        variant.function,
        "write",
        why=variant.unavailable or "",
    )
