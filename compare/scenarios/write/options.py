"""What is asked of a comparison of writers: into what, how many streams, how large, in what pieces, how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from argparse import Namespace

State = Literal["cached", "durable", "slow"]
STATES: tuple[State, ...] = ("cached", "durable", "slow")
STREAMS = 8
SIZES: dict[State, int] = {"cached": 8 << 20, "durable": 1 << 20, "slow": 1 << 20}
QUICK_SIZES: dict[State, int] = {"cached": 1 << 20, "durable": 256 << 10, "slow": 256 << 10}
REPEATS: dict[State, int] = {"cached": 3, "durable": 2, "slow": 1}
CHUNK = 64 << 10
DELAY_S, QUICK_DELAY_S = 0.05, 0.02


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for; `None` leaves it to the state's default.

    Attributes:
        states: which of `cached`, `durable`, `slow`.
        streams: how many at once.
        size: of each, in bytes.
        chunk: what arrives at a time, in bytes, at most.
        delay: how late a pipe is drained, in seconds.
        repeat: how many timed passes.
        timeout: for one pass, and for all timed passes of a row together, in seconds.
        quick: fewer passes of smaller streams.
        observe: whether to make observed passes.
    """

    states: tuple[State, ...] = STATES
    streams: int = STREAMS
    size: int | None = None
    chunk: int = CHUNK
    delay: float = DELAY_S
    repeat: int | None = None
    timeout: float | None = None
    quick: bool = False
    observe: bool = True

    def passes(self, state: State) -> int:
        """How many timed passes there are."""
        return self.repeat or (1 if self.quick else REPEATS[state])

    def length(self, state: State) -> int:
        """How many bytes are in each stream."""
        return self.size or (QUICK_SIZES if self.quick else SIZES)[state]


def asked(options: Namespace) -> Options:
    """What the command line says."""
    return Options(
        tuple(dict.fromkeys(state for some in options.state or [STATES] for state in some)),
        options.streams or STREAMS,
        options.size,
        options.chunk or CHUNK,
        options.delay / 1000 if options.delay is not None else QUICK_DELAY_S if options.quick else DELAY_S,
        options.repeat,
        options.timeout,
        options.quick,
        not options.no_observe,
    )
