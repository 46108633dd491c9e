"""What is asked of a comparison of readers: which states, how many files, how large, how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from argparse import Namespace

State = Literal["warm", "cold", "slow"]
STATES: tuple[State, ...] = ("warm", "cold", "slow")
FILES: dict[State, int] = {"warm": 64, "cold": 32, "slow": 8}
SIZES: dict[State, int] = {"warm": 64 << 10, "cold": 128 << 10, "slow": 64 << 10}
REPEATS: dict[State, int] = {"warm": 3, "cold": 2, "slow": 1}
QUICK_FILES: dict[State, int] = {"warm": 16, "cold": 8, "slow": 8}
QUICK_SIZES: dict[State, int] = {"warm": 16 << 10, "cold": 64 << 10, "slow": 16 << 10}
DELAY_S, QUICK_DELAY_S = 0.05, 0.02


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for; `None` leaves it to the state's default.

    Attributes:
        states: which of `warm`, `cold`, `slow`.
        files: how many.
        size: of each, in bytes.
        delay: how late a FIFO delivers, in seconds.
        repeat: how many timed passes.
        timeout: for one pass, and for all timed passes of a row together, in seconds.
        paths: the user's own files instead of made ones.
        quick: fewer passes over fewer and smaller files.
        observe: whether to make observed passes.
    """

    states: tuple[State, ...] = STATES
    files: int | None = None
    size: int | None = None
    delay: float = DELAY_S
    repeat: int | None = None
    timeout: float | None = None
    paths: tuple[str, ...] = ()
    quick: bool = False
    observe: bool = True

    def passes(self, state: State) -> int:
        """How many timed passes there are."""
        return self.repeat or (1 if self.quick else REPEATS[state])

    def count(self, state: State) -> int:
        """How many files there are."""
        return self.files or (QUICK_FILES if self.quick else FILES)[state]

    def length(self, state: State) -> int:
        """How many bytes are in each."""
        return self.size or (QUICK_SIZES if self.quick else SIZES)[state]


def asked(options: Namespace) -> Options:
    """What the command line says."""
    states = tuple(dict.fromkeys(state for some in options.state or [STATES] for state in some))
    if options.path and not options.state:
        states = ("warm", "cold")
    return Options(
        states,
        options.files,
        options.size,
        options.delay / 1000 if options.delay is not None else QUICK_DELAY_S if options.quick else DELAY_S,
        options.repeat,
        options.timeout,
        tuple(options.path),
        options.quick,
        not options.no_observe,
    )
