"""A record of the ring, as the sampler gets it."""

from __future__ import annotations

from typing import NamedTuple

from .channel import Kind

KINDS = {int(kind): kind for kind in Kind}
"""By their numbers: `Kind(number)` takes several times as long, and there may be a hundred thousand a second."""


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
