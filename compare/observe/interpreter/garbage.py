"""Whether an interpreter collects garbage, and which generation: read from its own state.

The collector runs in whichever thread happens to allocate, at whatever line that stands: neither is to blame. That it
runs is a flag in the interpreter's state; which generation it was, its counts tell when it has ended. Nothing is put
into the program for this: `gc.callbacks` would run in its threads, and it could see them there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from compare.observe.interpreter.memory import WORD, word

if TYPE_CHECKING:
    from compare.observe.interpreter.inside import Inside
    from compare.observe.interpreter.stacks import Reader


@dataclass(slots=True)
class Collecting:
    """A stretch in which garbage was collected.

    Attributes:
        before: how often each generation had been collected when it was seen first; empty where that can't be read.
        times: how many collections ended in it, of the oldest generation that was collected.
        generation: which one that is; `None` while that is not known.
        asked: whether the program asked for it, by `gc.collect()`: then that line is to blame.
    """

    before: tuple[int, ...]
    asked: bool = False
    times: int = 0
    generation: int | None = None

    def ended(self, after: tuple[int, ...]) -> None:
        """Note what was collected, by the counts afterwards."""
        for generation, (once, now) in enumerate(zip(self.before, after, strict=False)):
            if now > once:
                self.generation, self.times = generation, now - once


class Collector:
    """The collector of the process that `reader` reads."""

    def __init__(self, reader: Reader, found: Inside) -> None:
        """Nothing is read until it is asked for."""
        self._reader, self._found = reader, found

    def collects(self) -> bool:
        """Whether it is at work now, in the thread that has the GIL. Raises `OSError`."""
        flag = self._reader.memory.read(self._reader.interpreter() + self._found.collecting, 4)
        return any(flag)

    def counts(self) -> tuple[int, ...]:
        """Return how often each generation has been collected; empty where that is not known. Raises `OSError`."""
        memory, state = self._reader.memory, self._reader.interpreter()
        places = self._found.counts
        if not places:
            return ()
        at = self._found.statistics
        start = state if at is None else memory.pointer(state + at)
        low = min(min(each) for each in places)
        data = memory.read(start + low, max(max(each) for each in places) + WORD - low)
        return tuple(max(word(data, place - low) for place in each) for each in places)
