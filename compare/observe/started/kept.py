"""What the sampler has found so far, in memory that outlives it: told when its process dies before it was asked.

Two slots, written in turn: whoever reads finds the last one that was written whole, whenever the writer was killed.
"""

from __future__ import annotations

import pickle
import struct
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

from ..agent import channel

if TYPE_CHECKING:
    from ...results import Observation

SLOT_BYTES = 1 << 20
MOST_FINDINGS = 500
"""Findings are kept worst first; with their lines they take some hundreds of bytes each."""
_HEAD = struct.Struct("<QII")
"""The slot's turn, the size of what follows, and its checksum."""


class Kept:
    """The shared memory, seen from either side."""

    def __init__(self, where: channel.Where) -> None:
        """Map it; a descriptor may be closed then."""
        self._memory = channel.mapped(where, 2 * SLOT_BYTES)
        self._turn = 0
        self.due = 0
        """When it is to be written next, on the writer's clock."""

    @staticmethod
    def create() -> channel.Where:
        """Return where an empty one is."""
        return channel.shared_memory("compare-found", 2 * SLOT_BYTES)

    def write(self, seen: Observation) -> None:
        """Keep this instead of what was kept before (sampler's side); what is too large is not kept."""
        data = pickle.dumps(replace(seen, findings=seen.findings[:MOST_FINDINGS]))
        if len(data) > SLOT_BYTES - _HEAD.size:
            return
        self._turn += 1
        at = self._turn % 2 * SLOT_BYTES
        self._memory[at + _HEAD.size : at + _HEAD.size + len(data)] = data
        _HEAD.pack_into(self._memory, at, self._turn, len(data), zlib.crc32(data))

    def read(self) -> Observation | None:
        """Return what was kept last; `None` where nothing was (the reader's side, once the writer has ended)."""
        found: tuple[int, bytes] | None = None
        for at in (0, SLOT_BYTES):
            turn, size, checksum = _HEAD.unpack_from(self._memory, at)
            data = self._memory[at + _HEAD.size : at + _HEAD.size + size]
            if turn and zlib.crc32(data) == checksum and (found is None or turn > found[0]):
                found = turn, data
        if found is None:
            return None
        seen: Observation = pickle.loads(found[1])  # noqa: S301  from our own child
        return seen

    def clear(self) -> None:
        """Forget it: another process is watched now."""
        for at in (0, SLOT_BYTES):
            _HEAD.pack_into(self._memory, at, 0, 0, 0)

    def close(self) -> None:
        """Unmap it."""
        self._memory.close()
