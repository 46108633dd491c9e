"""How many tasks asyncio has from Python 3.14 on: counted from outside, in the lists that its threads' states have.

A task is a link of its thread's list; one whose thread has ended is in a list of the interpreter's. Where these begin,
and where a task has its link, the module `_asyncio` publishes for debuggers, in a section of the file that it is in:
an extension's, or the interpreter's own where it is built in. A section of another size is of another form, and not
believed. https://github.com/python/cpython/blob/3.14/Modules/_asynciomodule.c (`Py_AsyncioModuleDebugOffsets`)

Tasks that are no `asyncio.Task` are in a set that nothing leads to, and not counted.

The program goes on while its lists are read: a link that its neighbour does not know is torn, and all is read again.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

from compare.observe.interpreter.memory import mappings

if TYPE_CHECKING:
    from compare.observe.interpreter.memory import Image
    from compare.observe.interpreter.stacks import Reader

SECTION = b".AsyncioDebug"
OFFSETS = struct.Struct("<13Q")
OF_INTERPRETER, OF_THREAD = 8, 12
"""Which of them say where a list begins: in the interpreter's state, and in a thread's."""
MODULE = "_asyncio."
"""How the name of its file begins, where it is an extension."""
ELF, ELF_BYTES = b"\x7fELF\x02\x01", 64
"""The head of a file of 64 bits, little end first: elf(5)."""
HEAD = struct.Struct("<40xQ10xHHH")
"""In it: where the sections are listed, the size of an entry, how many there are, and which one has their names."""
ENTRY = struct.Struct("<I20xQQ")
"""Of a section: its name's place, its own, and its size."""
MOST_SECTIONS_BYTES = 1 << 16
LINK = struct.Struct("<QQ")
"""The next one, and the one before; the list's own head is one, too."""
MOST = 4096
"""No more are counted: it takes some milliseconds, in which nobody looks at the threads."""
ATTEMPTS = 3


class Uncounted(Exception):  # noqa: N818  reads as what it is
    """The tasks can't be counted; the message says why."""


class NativeTasks:
    """Counts the tasks of the process that `reader` reads."""

    def __init__(self, reader: Reader) -> None:
        """Find out where they are. Raises `OSError` where the process has ended, and `Uncounted`."""
        self._reader = reader
        offsets = next((each for each in map(_offsets, _files(reader)) if each is not None), None)
        if offsets is None:
            message = "this Python does not publish where, in a form that is known"
            raise Uncounted(message)
        self._of_interpreter, self._of_thread = offsets[OF_INTERPRETER], offsets[OF_THREAD]

    def count(self) -> int | None:
        """Return how many there are; `None` where the lists changed all the while.

        Raises:
            OSError: the process has ended.
            Uncounted: there are too many.
        """
        for _ in range(ATTEMPTS):
            heads = [thread.state + self._of_thread for thread in self._reader.threads()]
            heads.append(self._reader.interpreter() + self._of_interpreter)
            total = 0
            for head in heads:
                length = self._length(head, MOST - total)
                if length is None:
                    break
                total += length
            else:
                return total
        return None

    def _length(self, head: int, most: int) -> int | None:
        """How many links a list has besides its head; `None` where it changed meanwhile."""
        read, length = self._reader.memory.read, 0
        at, before = head, None
        try:
            while True:
                following, previous = LINK.unpack(read(at, LINK.size))
                if before is not None and previous != before:
                    return None
                if following == head or (at == head and not following):  # a thread that has had none yet
                    return length
                length, before, at = length + 1, at, following
                if length > most:
                    message = f"there are more than {MOST:,}"
                    raise Uncounted(message)
        except OSError:
            return None


def _files(reader: Reader) -> list[str]:
    """The files that the section may be in, by names that lead to what is mapped, whatever has its name now."""
    image, pid = reader.layout.image, reader.pid
    found: dict[Image, str] = {}
    for low, high, each in mappings(pid):
        if each is not None and (each == image or os.path.basename(each.name).startswith(MODULE)):  # noqa: PTH119
            found.setdefault(each, f"/proc/{pid}/map_files/{low:x}-{high:x}")
    names = []
    for each, mapped in found.items():
        for name in (mapped, f"/proc/{pid}/root{each.name}"):
            if _is_of(name, each):
                names.append(name)
                break
    return names


def _is_of(name: str, image: Image) -> bool:
    try:
        return os.stat(name).st_ino == image.inode  # noqa: PTH116
    except OSError:  # the links are for root alone
        return False


def _offsets(name: str) -> tuple[int, ...] | None:
    """What a file's section says; `None` where it has none in the form that is known."""
    try:
        with open(name, "rb") as file:  # noqa: PTH123  in the sampler's path
            head = file.read(ELF_BYTES)
            if len(head) < ELF_BYTES or not head.startswith(ELF):
                return None
            listed, size, count, named = HEAD.unpack(head)
            if size < ENTRY.size or size * count > MOST_SECTIONS_BYTES or named >= count:
                return None
            file.seek(listed)
            data = file.read(size * count)
            entries = [ENTRY.unpack_from(data, at) for at in range(0, len(data) - ENTRY.size + 1, size)]
            file.seek(entries[named][1])
            names = file.read(min(entries[named][2], MOST_SECTIONS_BYTES))
            for at, place, length in entries:
                if length == OFFSETS.size and names[at:].partition(b"\0")[0] == SECTION:
                    file.seek(place)
                    return OFFSETS.unpack(file.read(length))
    except (OSError, struct.error, IndexError):
        return None
    return None
