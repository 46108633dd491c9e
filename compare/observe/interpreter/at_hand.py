"""What a thread's innermost frame has at hand for a function of C that it calls: which descriptors it asks of.

An object of C that owns a descriptor, a socket or an epoll, has its number first. What begins with its own length, a
text or a list, is no such object: of a list it is what is in it, of a `poll` object the keys of what it has registered.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from compare.observe.interpreter.memory import WORD
from compare.observe.interpreter.objects import FLAGS, HEADER_WORDS, Objects

if TYPE_CHECKING:
    from compare.observe.interpreter.inside import Inside
    from compare.observe.interpreter.stacks import Reader

NUMBER, LIST, TUPLE, DICT, BUILT_IN = 1 << 24, 1 << 25, 1 << 26, 1 << 29, 0xFF << 24
"""In a type's flags: that it is an `int`, and so on; any of those that have a bit of their own there."""
DIGIT = 24
"""In an `int`: its lowest digit."""
LOW = (1 << 32) - 1
MOST_ITEMS = 64
FIRST_ADDRESS = 1 << 12


class AtHand:
    """The values that a frame computes with, not its variables; each read may raise `OSError`."""

    def __init__(self, reader: Reader, found: Inside) -> None:
        """Read them with `reader`."""
        self._memory, self._objects = reader.memory, Objects(reader, found)

    def asks(self, frame: int, descriptors: frozenset[int]) -> bool:
        """Whether one of these descriptors is at hand in a frame."""
        return any(self._owns(value, descriptors) for value in self._objects.at_hand(frame))

    def _owns(self, address: int, descriptors: frozenset[int], *, within: bool = False) -> bool:
        if address < FIRST_ADDRESS or address % WORD or not (fields := self._objects.words(address)):
            return False
        flags = self._memory.pointer(self._memory.pointer(address + WORD) + FLAGS)
        if not flags & BUILT_IN:
            return fields[0] & LOW in descriptors or (not within and self._registered(fields[0], descriptors))
        if within:
            return bool(flags & NUMBER) and self._number(address) in descriptors
        return any(self._owns(each, descriptors, within=True) for each in self._items(address, flags, fields))

    def _items(self, address: int, flags: int, fields: tuple[int, ...]) -> tuple[int, ...]:
        count = min(fields[0], MOST_ITEMS)
        if not count or not flags & (LIST | TUPLE):
            return ()
        first = fields[1] if flags & LIST else address + (HEADER_WORDS + 1) * WORD
        return struct.unpack(f"<{count}Q", self._memory.read(first, count * WORD))

    def _registered(self, address: int, descriptors: frozenset[int]) -> bool:
        """Whether this is a dict with one of the descriptors among its keys."""
        if address < FIRST_ADDRESS or address % WORD:
            return False
        try:
            if not self._memory.pointer(self._memory.pointer(address + WORD) + FLAGS) & DICT:
                return False
            keys = [key for key, _ in self._objects.items(address)[:MOST_ITEMS]]
        except OSError:
            return False
        return any(self._owns(key, descriptors, within=True) for key in keys)

    def _number(self, address: int) -> int:
        return int.from_bytes(self._memory.read(address + DIGIT, 4), "little")
