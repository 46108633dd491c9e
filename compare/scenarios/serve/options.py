"""What is asked of a comparison of those who serve files: which load, how many files, how large, how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from argparse import Namespace

Load = Literal["small", "big", "cold", "slow"]
LOADS: tuple[Load, ...] = ("small", "big", "cold", "slow")
FILES: dict[Load, int] = {"small": 64, "big": 4, "cold": 8, "slow": 64}
SIZES: dict[Load, int] = {"small": 16 << 10, "big": 16 << 20, "cold": 4 << 20, "slow": 16 << 10}
QUICK_SIZES: dict[Load, int] = {"small": 16 << 10, "big": 4 << 20, "cold": 1 << 20, "slow": 16 << 10}
REQUESTS: dict[Load, int] = {"small": 1000, "big": 8, "cold": 8, "slow": 500}
CLIENTS: dict[Load, int] = {"small": 16, "big": 4, "cold": 8, "slow": 8}
SLOW = 4
REPEATS = 2


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for; `None` leaves it to the load's default.

    Attributes:
        loads: which of `small`, `big`, `cold`, `slow`.
        clients: how many ask at once, each over one connection.
        size: of each file, in bytes.
        repeat: how many timed passes.
        timeout: for one pass, and for all timed passes of a row together, in seconds.
        quick: fewer passes with less to do.
        observe: whether to make observed passes.
    """

    loads: tuple[Load, ...] = LOADS
    clients: int | None = None
    size: int | None = None
    repeat: int | None = None
    timeout: float | None = None
    quick: bool = False
    observe: bool = True

    def passes(self) -> int:
        """How many timed passes there are."""
        return self.repeat or (1 if self.quick else REPEATS)

    def workload(self, load: Load) -> dict[str, Any]:
        """What is to be done under a load."""
        return {
            "load": load,
            "files": FILES[load],
            "bytes": self.size or (QUICK_SIZES if self.quick else SIZES)[load],
            "clients": self.clients or CLIENTS[load],
            "requests": REQUESTS[load] // (5 if self.quick and load in ("small", "slow") else 1),
            "slow": SLOW if load == "slow" else 0,
        }


def asked(options: Namespace) -> Options:
    """What the command line says."""
    return Options(
        tuple(dict.fromkeys(load for some in options.load or [LOADS] for load in some)),
        options.clients,
        options.size,
        options.repeat,
        options.timeout,
        options.quick,
        not options.no_observe,
    )
