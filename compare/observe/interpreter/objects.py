"""Objects of another process, read from outside: whether one is a coroutine that runs, and what a dict holds.

What is read may change meanwhile, or be gone: nothing is believed but what its type says, and every read may raise
`OSError`. The form of a dict's keys is the same in CPython 3.11 to 3.15; a table that is not in that form is taken
for an empty one. https://github.com/python/cpython/blob/main/Objects/dictobject.c
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from compare.observe.interpreter.layout import TAGS
from compare.observe.interpreter.memory import WORD

if TYPE_CHECKING:
    from compare.observe.interpreter.inside import Inside
    from compare.observe.interpreter.stacks import Frame, Reader

MOST_WORDS = 64
"""No more of an object is looked at: a task of trio's has some 30 fields."""
BASIC_SIZE, FLAGS = 32, 168
"""In a type: the size of its objects in bytes, and its flags (part of CPython's stable ABI)."""
TYPE_NAME = 24
"""In a type: where its name stands, in C."""
SET_USED = 24
"""In a set: how many elements it has."""
INLINE_VALUES, MANAGED_DICT, INLINE_WORDS = 1 << 2, 1 << 4, 32
"""From 3.13 on a plain object's attributes may stand right behind it; before, what stands before it leads to them."""
HEADER_WORDS = 2
KEYS, TABLE = 32, 32
"""In a dict: its keys. In these: where the table of indices begins."""
GENERAL, TEXTS = 0, 1
ENTRY_BYTES = {GENERAL: 24, TEXTS: 16}
MOST_ENTRIES = 1 << 14
NAME_BYTES, PAGE = 100, 4096
_REAL = struct.Struct("<Qd")
"""A number with a fraction: its type, and its value."""
SLOTS = 128
"""No more of a frame's values are looked at than these."""


class Objects:
    """The objects of the process that `reader` reads."""

    def __init__(self, reader: Reader, found: Inside) -> None:
        """Know the types that count."""
        self._reader, self._memory, self._found = reader, reader.memory, found
        runtime = reader.runtime
        self._coroutine = runtime + found.generators[0]
        self._generators = frozenset(runtime + each for each in found.generators)
        self._text, self._number = runtime + found.text, runtime + found.number
        self._builtin, self._function = runtime + found.builtin, runtime + found.function
        self._cell, self._real = runtime + found.cell, runtime + found.real
        self._frame = found.code - reader.layout.code

    def words(self, address: int) -> tuple[int, ...]:
        """Return an object's fields, without its header; none where there is no object."""
        try:
            kind = self._memory.pointer(address + WORD)
            size = self._memory.pointer(kind + BASIC_SIZE) // WORD
            flags = self._memory.pointer(kind + FLAGS)
            if not HEADER_WORDS <= size <= MOST_WORDS:
                return ()
            if flags & INLINE_VALUES:
                return self._words(address, size + INLINE_WORDS)[HEADER_WORDS:]
            fields = self._words(address, size)[HEADER_WORDS:]
            return fields + self._attributes(address) if flags & MANAGED_DICT else fields
        except OSError:
            return ()

    def _words(self, address: int, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}Q", self._memory.read(address, count * WORD))

    def _attributes(self, address: int) -> tuple[int, ...]:
        """The attributes of an object of 3.11 or 3.12, as long as it has no dict of its own."""
        plain, tagged = self._words(address - 4 * WORD, 2)
        try:
            return self._words(tagged + 1 if tagged & 1 else plain, INLINE_WORDS) if tagged & 1 or plain else ()
        except OSError:
            return ()

    def running(self, address: int) -> bool:
        """Whether this is a coroutine or a generator that runs: itself, or what it awaits."""
        if address < 1 << 12 or address % WORD:
            return False
        try:
            head = self._memory.read(address, self._found.state + 1)
        except OSError:
            return False
        return (
            int.from_bytes(head[WORD : 2 * WORD], "little") in self._generators
            and head[self._found.state] == self._found.runs
        )

    def is_coroutine(self, address: int) -> bool:
        """Whether it is one; not a generator."""
        return self._memory.pointer(address + WORD) == self._coroutine

    def frame_of(self, running: int) -> Frame | None:
        """Return the frame of a coroutine or a generator. Raises `OSError`."""
        return self._reader.frame(running + self._frame)

    def at_hand(self, frame: int) -> list[int]:
        """Return what a frame computes with, the uppermost first; some of it may be left from before."""
        return self._values(frame)[0]

    def values(self, frame: int) -> list[int]:
        """Return what a frame holds, the uppermost first: what it awaits or calls, and then its locals."""
        at_hand, variables = self._values(frame)
        return at_hand + variables

    def _values(self, frame: int) -> tuple[list[int], list[int]]:
        layout = self._reader.layout
        code = self._memory.pointer(frame + layout.code) & ~TAGS
        slots = int.from_bytes(self._memory.read(code + self._found.slots, 4), "little")
        values = int.from_bytes(self._memory.read(code + self._found.stack_size, 4), "little")
        count = slots + values
        if count > SLOTS:
            return [], []
        data = self._memory.read(frame + layout.locals, count * WORD)
        found = [each & ~TAGS for each in reversed(struct.unpack(f"<{count}Q", data))]
        return found[:values], found[values:]

    def awaited(self, frame: int) -> int | None:
        """Return the running coroutine or generator that a frame awaits, or that it has told to go on."""
        values = self.values(frame)
        for value in values:
            if self.running(value):
                return value
        for value in values:  # `asend` and the like wrap the one that they advance
            for inner in self.words(value)[:2]:
                if self.running(inner):
                    return inner
        return None

    def name(self, address: int) -> str | None:
        """Return what a field says that holds a name: a text, or the number of a task that was given none."""
        if address < 1 << 12 or address % WORD:
            return None
        try:
            kind = self._memory.pointer(address + WORD)
            if kind == self._text:
                return self._reader.text(address)
            if kind == self._number:
                return f"Task-{int.from_bytes(self._memory.read(address + 24, 4), 'little')}"
        except (OSError, UnicodeDecodeError):
            return None
        return None

    def real(self, address: int) -> float | None:
        """Return a number with a fraction; `None` for what is none."""
        if address < 1 << 12 or address % WORD:
            return None
        try:
            kind, value = _REAL.unpack(self._memory.read(address + WORD, _REAL.size))
        except OSError:
            return None
        return float(value) if kind == self._real else None

    def function(self, address: int) -> str | None:
        """Return the name of a function that is C: `time.sleep`, or `list.sort` where it is a method's."""
        if address < 1 << 12 or address % WORD or self._memory.pointer(address + WORD) != self._builtin:
            return None
        definition, instance, module = (self._memory.pointer(address + at) for at in (16, 24, 32))
        name = self._c_text(self._memory.pointer(definition))
        owner = (
            self.name(module)
            if module
            else self._c_text(self._memory.pointer(self._memory.pointer(instance + WORD) + TYPE_NAME))
        )
        return f"{owner}.{name}" if owner and name else None

    def functions(self, address: int) -> list[int]:
        """Return the addresses of the code of functions in Python: the object itself, or those that its fields name."""
        if address < 1 << 12 or address % WORD:
            return []
        try:
            if self._memory.pointer(address + WORD) == self._cell:
                address = self._memory.pointer(address + HEADER_WORDS * WORD)
        except OSError:
            return []
        codes = (self._code_of(each) for each in (address, *self.words(address)))
        return [code for code in codes if code]

    def _code_of(self, address: int) -> int:
        if address < 1 << 12 or address % WORD:
            return 0
        try:
            if self._memory.pointer(address + WORD) != self._function:
                return 0
            return self._memory.pointer(address + self._found.function_code)
        except OSError:
            return 0

    def _c_text(self, address: int) -> str:
        data = self._memory.read(address, min(NAME_BYTES, PAGE - address % PAGE))
        return data.partition(b"\0")[0].decode("ascii", "replace")

    def items(self, table: int) -> list[tuple[int, int]]:
        """Return the addresses of a dict's keys and values. Raises `OSError`."""
        keys = self._memory.pointer(table + KEYS)
        head = self._memory.read(keys, TABLE)
        index_bytes, kind, used = head[9], head[10], int.from_bytes(head[24:32], "little")
        if kind not in ENTRY_BYTES or index_bytes > 24 or used > MOST_ENTRIES:
            return []
        size = ENTRY_BYTES[kind]
        data = self._memory.read(keys + TABLE + (1 << index_bytes), used * size)
        entries = (data[at : at + size] for at in range(0, len(data), size))
        pairs = [struct.unpack("<QQ", entry[-2 * WORD :]) for entry in entries]
        return [(key, value) for key, value in pairs if value]

    def set_of(self, address: int) -> int | None:
        """Return the address of a set: the object itself, or the first that it has for an attribute."""
        found = (each for each in (address, *self.words(address)) if self.set_size(each) is not None)
        return next(found, None)

    def set_size(self, address: int) -> int | None:
        """Return how many elements a set has; `None` for what is none."""
        if address < 1 << 12 or address % WORD:
            return None
        try:
            kind = self._memory.pointer(self._memory.pointer(address + WORD) + TYPE_NAME)
            return self._memory.pointer(address + SET_USED) if self._c_text(kind) == "set" else None
        except OSError:
            return None

    def entry(self, table: int, name: str) -> int | None:
        """Return the address of what a dict has under a name."""
        for key, value in self.items(table):
            # The length comes first: a thousand modules have names.
            if self._memory.pointer(key + 16) == len(name) and self.name(key) == name:
                return value
        return None

    def module(self, name: str) -> int | None:
        """Return the address of a module's names, by its name; `None` where it is not imported."""
        modules = self._memory.pointer(self._reader.interpreter() + self._found.modules)
        module = self.entry(modules, name)
        return self._memory.pointer(module + self._found.module_dict) if module is not None else None
