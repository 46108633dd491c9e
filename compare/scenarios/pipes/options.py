"""What is asked of a comparison of those who run children: which load, how many, how much, how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from argparse import Namespace

Load = Literal["many", "stderr", "bulk"]
LOADS: tuple[Load, ...] = ("many", "stderr", "bulk")
CHILDREN, QUICK_CHILDREN = 64, 16
SIZES: dict[Load, int] = {"many": 64 << 10, "stderr": 4 << 20, "bulk": 32 << 20}
QUICK_SIZES: dict[Load, int] = {"many": 16 << 10, "stderr": 1 << 20, "bulk": 8 << 20}
DELAY_S, QUICK_DELAY_S = 0.01, 0.005
REPEATS = 2


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for; `None` leaves it to the load's default.

    Attributes:
        loads: which of `many`, `stderr`, `bulk`.
        children: how many at once in `many`.
        size: what goes to each child and comes back, in bytes; in `stderr` as much comes on its standard error before.
        delay: how late each of many children begins to read, in seconds.
        repeat: how many timed passes.
        timeout: for one pass, and for all timed passes of a row together, in seconds.
        quick: fewer passes with less to do.
        observe: whether to make observed passes.
    """

    loads: tuple[Load, ...] = LOADS
    children: int | None = None
    size: int | None = None
    delay: float = DELAY_S
    repeat: int | None = None
    timeout: float | None = None
    quick: bool = False
    observe: bool = True

    def passes(self) -> int:
        """How many timed passes there are."""
        return self.repeat or (1 if self.quick else REPEATS)

    def workload(self, load: Load) -> dict[str, Any]:
        """What is to be done under a load."""
        many = self.children or (QUICK_CHILDREN if self.quick else CHILDREN)
        work: dict[str, Any] = {
            "load": load,
            "children": many if load == "many" else 1,
            "bytes": self.size or (QUICK_SIZES if self.quick else SIZES)[load],
        }
        return work | ({"delay_ms": self.delay * 1000} if load == "many" else {})


def asked(options: Namespace) -> Options:
    """What the command line says."""
    return Options(
        tuple(dict.fromkeys(load for some in options.load or [LOADS] for load in some)),
        options.children,
        options.size,
        options.delay / 1000 if options.delay is not None else QUICK_DELAY_S if options.quick else DELAY_S,
        options.repeat,
        options.timeout,
        options.quick,
        not options.no_observe,
    )
