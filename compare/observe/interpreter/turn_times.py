"""When a turn of asyncio's loop began: it asks the time itself when it leaves its poller, and keeps it in a local.

`BaseEventLoop._run_once` compares it with when its timers are due. So two turns are told apart, and exactly, where the
loop was at its poller for so short that no look saw it there; and nobody need ping it, which takes the GIL from it.

What is read may be torn: it is believed where it is a time between the last one that is known and now. Of several (a
loop in debug mode takes the time of each handle) the one that was assigned first is the turn's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.observe.interpreter import machinery
from compare.observe.interpreter.memory import WORD
from compare.observe.interpreter.objects import Objects
from compare.observe.interpreter.sites import module

if TYPE_CHECKING:
    from compare.observe.interpreter.inside import Inside
    from compare.observe.interpreter.stacks import Frame, Reader

SECOND_NS = 1_000_000_000


class TurnTimes:
    """The times that the loops of one process keep."""

    def __init__(self, reader: Reader, found: Inside) -> None:
        """Nothing is read until it is asked for."""
        self._reader, self._objects = reader, Objects(reader, found)
        self._places: dict[int, int] = {}
        """By a turn's frame: which of its values the time is, counted from the last."""

    def began(self, turn: Frame, since: int, now: int) -> int | None:
        """Return when the turn of this frame began, in nanoseconds on `CLOCK_MONOTONIC`; `None` where it is not known.

        Args:
            turn: the frame that makes the loop's turns.
            since: no turn that began before that is of interest.
            now: no turn began later.
        """
        if not _is_asyncios(turn):
            return None
        try:
            return self._of(turn.address, since, now)
        except OSError:
            return None

    def _of(self, frame: int, since: int, now: int) -> int | None:
        if (place := self._places.get(frame)) is not None:
            value = self._reader.memory.pointer(frame + self._reader.layout.locals + place * WORD)
            return self._time(value, since, now)
        values = self._objects.values(frame)[::-1]
        for at, value in enumerate(values):
            if (found := self._time(value, since, now)) is not None:
                self._places[frame] = at
                return found
        return None

    def _time(self, value: int, since: int, now: int) -> int | None:
        seconds = self._objects.real(value)
        if seconds is None or not 0.0 < seconds * SECOND_NS <= now:
            return None
        began = int(seconds * SECOND_NS)  # whole, so that one turn is not later than itself
        return began if since < began else None


def _is_asyncios(turn: Frame) -> bool:
    """Whether it is asyncio's own: others, also of that name, may keep what they like."""
    code = turn.code
    return module(code.filename) == "asyncio" and machinery.mark(code.filename, code.qualname) == "turn"
