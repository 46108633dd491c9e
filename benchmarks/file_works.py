"""Which ways take part in which work of reading files, and what is wanted of ours."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from typing import Literal

from benchmarks.measure import Goal, Kind

Backend = Literal["asyncio", "asyncio+uvloop", "trio"]
RECIPES, PEERS = "recipes.file_read", "benchmarks.peers"


@dataclass(frozen=True, slots=True)
class Way:
    """A function that takes part.

    Attributes:
        name: of the row.
        kind: the limit, a peer or ours.
        backend: its event loop; `None` for none.
        module: where it is.
        function: its name there.
        style: how the child calls it: `one` path after another, `many` paths, `into` a buffer, `at` offsets, `lines`,
            `batches` of lines.
        slow: whether it takes too long to be asked for all of it, or in `--quick` for any.
    """

    name: str
    kind: Kind
    backend: Backend | None
    module: str
    function: str
    style: str
    slow: bool = False

    @property
    def unavailable(self) -> str:
        """Why it can't run here, with the line that installs it."""
        for package, (python, install) in NEEDS.items():
            if self.module in {
                f"{PEERS}.{package}_readme",
                *(f"{RECIPES}.{name}" for name in OURS_NEED.get(package, ())),
            }:
                if sys.version_info < python:
                    return f"{package} needs Python {'.'.join(map(str, python))} or later"
                if importlib.util.find_spec(package) is None:
                    return f"{package} is not installed: {install}"
        return ""


NEEDS: dict[str, tuple[tuple[int, int], str]] = {
    "urio": ((3, 12), "pip install -e '.[uring]'"),
    "turbofile": ((3, 12), "pip install turbofile"),
    "aiofile": ((3, 10), "pip install aiofile"),
}
OURS_NEED = {"urio": ("asyncio_io_uring",)}


def ours(name: str, function: str, style: str) -> Way:
    """A recipe of ours."""
    backend: Backend = "trio" if name.startswith("trio_") else "asyncio"
    label = f"{name} {function}" if style == "into" else name
    return Way(label, "ours", backend, f"{RECIPES}.{name}", function, style)


def peer(name: str, function: str, style: str, *, slow: bool = False) -> Way:
    """A released package."""
    module, backend = PACKAGES[name]
    return Way(
        f"{name} readinto" if style == "into" else name, "peer", backend, f"{PEERS}.{module}", function, style, slow
    )


def limit(name: str, function: str, style: str) -> Way:
    """Plain system calls."""
    return Way(name, "limit", None, f"{PEERS}.plain", function, style)


PACKAGES: dict[str, tuple[str, Backend]] = {
    "aiofiles": ("aiofiles_readme", "asyncio"),
    "anyio on asyncio": ("anyio_docs", "asyncio"),
    "anyio on trio": ("anyio_docs", "trio"),
    "trio": ("trio_tutorial", "trio"),
    "urio": ("urio_readme", "asyncio"),
    "turbofile": ("turbofile_readme", "asyncio"),
    "aiofile": ("aiofile_readme", "asyncio"),
}

SMALL = (
    limit("os.open + os.read", "read_file", "one"),
    *(peer(name, "read_file", "one") for name in PACKAGES),
    *(
        ours(name, "read_file", "one")
        for name in (
            "asyncio_cached_first",
            "trio_cached_first",
            "asyncio_readahead",
            "trio_readahead",
            "asyncio_to_thread",
            "trio_to_thread",
        )
    ),
)
MANY = (
    limit("os.read", "read_files", "many"),
    *(peer(name, "read_files", "many") for name in PACKAGES),
    *(
        ours(name, "read_files", "many")
        for name in (
            "asyncio_cached_first",
            "trio_cached_first",
            "asyncio_readahead",
            "trio_readahead",
            "asyncio_to_thread",
            "trio_to_thread",
        )
    ),
)
LARGE = (
    limit("inline readinto", "read_into", "into"),
    limit("inline os.read", "read_file", "one"),
    *(peer(name, "read_file", "one") for name in ("aiofiles", "anyio on asyncio", "trio", "urio", "turbofile")),
    *(peer(name, "read_into", "into") for name in ("aiofiles", "urio", "turbofile")),
    *(ours(name, "read_file", "one") for name in ("asyncio_readahead", "trio_readahead", "asyncio_to_thread")),
    *(ours(name, "read_into", "into") for name in ("asyncio_readahead", "trio_readahead")),
)
RANDOM = (
    *(peer(name, "read_at", "at") for name in ("aiofiles", "anyio on asyncio", "trio", "urio", "turbofile")),
    *(ours(name, "read_at", "at") for name in ("asyncio_readahead", "trio_readahead")),
)
FIFOS = (
    *(
        peer(name, "read_pipes" if name == "urio" else "read_files", "many", slow=name != "urio")
        for name in ("aiofiles", "anyio on asyncio", "trio", "urio")
    ),
    *(
        ours(name, "read_files", "many")
        for name in (
            "asyncio_pipe_transport",
            "trio_fd_stream",
            "asyncio_cached_first",
            "trio_cached_first",
            "asyncio_io_uring",
        )
    ),
)
LINES = (
    limit("for line in file", "lines", "lines"),
    *(peer(name, "lines", "lines", slow=True) for name in PACKAGES if name != "aiofile"),
    *(ours(name, "batches", "batches") for name in ("asyncio_lines_batched", "trio_lines_batched")),
)

SMALL_GOALS = tuple(Goal(f"{loop}_cached_first", "µs a read", "limit", 0.95) for loop in ("asyncio", "trio"))
SMALL_COLD_GOALS = tuple(Goal(f"{loop}_cached_first", "ms stall", "value", 5.0) for loop in ("asyncio", "trio"))
MANY_GOALS = tuple(
    goal
    for loop in ("asyncio", "trio")
    for goal in (
        Goal(f"{loop}_cached_first", "µs a file", "limit", 0.9),
        Goal(f"{loop}_cached_first", "ms stall", "value", 5.0),
    )
)
LARGE_GOALS = tuple(
    goal
    for loop in ("asyncio", "trio")
    for goal in (
        Goal(f"{loop}_readahead read_into", "ms a file", "peer", 2.0),
        Goal(f"{loop}_readahead read_into", "ms stall", "value", 2.0),
    )
)
RANDOM_GOALS = tuple(
    goal
    for loop in ("asyncio", "trio")
    for goal in (
        Goal(f"{loop}_readahead", "µs a read", "limit", 1.0),
        Goal(f"{loop}_readahead", "ms stall", "value", 5.0),
    )
)
LINES_GOALS = tuple(
    goal
    for loop in ("asyncio", "trio")
    for goal in (
        Goal(f"{loop}_lines_batched", "µs a line", "limit", 0.95),
        Goal(f"{loop}_lines_batched", "µs a line", "peer", 100.0),
    )
)


def fifo_goals(most_ms: float) -> tuple[Goal, ...]:
    """All FIFOs within so many milliseconds, by the recipes that are made for pipes."""
    return tuple(Goal(name, "ms", "value", most_ms) for name in ("asyncio_pipe_transport", "trio_fd_stream"))
