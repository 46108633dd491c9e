"""Turns of a loop that libuv makes, as uvloop's: libuv counts them, which tells one from the next where no agent does.

The loop's object has a pointer to what libuv keeps of it, and that begins with a pointer back to the object: by this it
is known, whatever else stands in either. libuv (from 1.45 on) adds one to `loop_count` right before it polls.
https://github.com/libuv/libuv/blob/v1.x/include/uv.h, https://github.com/libuv/libuv/blob/v1.x/src/uv-common.h
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

from compare.observe.interpreter.memory import WORD
from compare.observe.interpreter.objects import Objects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compare.observe.interpreter.inside import Inside
    from compare.observe.interpreter.stacks import Frame, Reader

LOOKED_AT = 16
"""So many words of an object are looked at: a loop begins with its pointer to libuv."""
INTERNAL, POLLED = 40, 64
"""In what libuv keeps of a loop: what it keeps for itself, and the descriptor by which it polls."""
COUNT = 8
"""In what it keeps for itself: how often it has polled."""
EPOLL = "anon_inode:[eventpoll]"
MOST_TRIES = 5
RETRY_NS = 200_000_000
"""A loop that is about to run may not stand in the frame yet that runs it."""


class LibuvTurns:
    """The loops of one process that libuv runs, by the frames that run them."""

    def __init__(self, pid: int, reader: Reader, found: Inside) -> None:
        """Nothing is read until it is asked for."""
        self._pid, self._memory, self._objects = pid, reader.memory, Objects(reader, found)
        self._counts: dict[int, int] = {}
        """By a frame: where its loop's turns are counted."""
        self._tries: dict[int, tuple[int, int]] = {}
        """By a frame: how often its loop was looked for, and when last."""
        self._seen: dict[int, tuple[int, int]] = {}
        """By a frame: how many turns there had been, and when that was seen last."""

    @property
    def are_untold(self) -> bool:
        """Whether there was a loop whose turns could not be told apart."""
        return any(tries >= MOST_TRIES and frame not in self._counts for frame, (tries, _) in self._tries.items())

    def began(self, runner: Frame, now: int) -> int | None:
        """Return when the turn began that this frame's loop is in, if it is another than at the last look.

        It is known no better than that: between two looks.
        """
        try:
            at = self._counts.get(runner.address) or self._find(runner.address, now)
            if not at:
                return None
            count = self._memory.pointer(at)
        except OSError:
            return None
        before, seen = self._seen.get(runner.address, (count, now))
        self._seen[runner.address] = count, now
        return (seen + now) // 2 if count != before else None

    def _find(self, frame: int, now: int) -> int | None:
        tries, last = self._tries.get(frame, (0, now - RETRY_NS))
        if tries >= MOST_TRIES or now - last < RETRY_NS:
            return None
        self._tries[frame] = tries + 1, now
        for address in self._near(frame):
            if (found := self._count_of(address)) is not None:
                self._counts[frame] = found
                return found
        return None

    def _near(self, frame: int) -> Iterator[int]:
        """Yield what a frame has, and what that has: the frame that runs a loop has it, or its task."""
        values = [value for value in self._objects.values(frame) if _is_address(value)]
        yield from values
        for value in values:
            yield from filter(_is_address, self._objects.words(value))

    def _count_of(self, loop: int) -> int | None:
        """Return where the turns of a loop are counted; `None` where this is none of libuv's."""
        try:
            words = struct.unpack(f"<{LOOKED_AT}Q", self._memory.read(loop, LOOKED_AT * WORD))
        except OSError:
            return None
        return next((found for each in words if (found := self._in_libuv(each, loop)) is not None), None)

    def _in_libuv(self, kept: int, loop: int) -> int | None:
        try:
            if not _is_address(kept) or self._memory.pointer(kept) != loop:
                return None
            polled = int.from_bytes(self._memory.read(kept + POLLED, 4), "little")
            if os.readlink(f"/proc/{self._pid}/fd/{polled}") != EPOLL:  # noqa: PTH115  it leads nowhere
                return None
            count = self._memory.pointer(kept + INTERNAL) + COUNT
            return count if self._memory.pointer(count) else None
        except OSError:
            return None


def _is_address(word: int) -> bool:
    return word >= 1 << 12 and not word % WORD
