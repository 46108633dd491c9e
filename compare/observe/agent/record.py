"""A record of the ring, as the sampler gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .channel import Kind


class Record(NamedTuple):
    """One thing that the agent noted; `time_ns` on `CLOCK_MONOTONIC`."""

    time_ns: int
    kind: Kind
    tid: int
    first: int
    second: int
    code: int
    line: int
    amount: int
