"""The loops that are known to run: in which thread each does, and the door by which a callback gets into its line."""

from __future__ import annotations

import _thread
import sys
from types import MethodType

from .addresses import address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LATE = "how late loops get round to what is in their line"
MOST_LOOKED_AT = 16


class KnownLoops:
    """Which loops run; for whoever pings them."""

    def __init__(self) -> None:
        """Know none."""
        self._loops: dict[int, tuple[int, Callable[..., object]]] = {}
        self._native_id = _thread.get_native_id

    def loop_runs(self, loop: Any, door: Callable[..., object]) -> None:
        """A loop begins to run in this thread; `door` puts a callback into its line."""
        self._loops[address(loop)] = (self._native_id(), door)

    def loop_ends(self, loop_id: int) -> bool:
        """It no longer runs; returns whether it did."""
        return self._loops.pop(loop_id, None) is not None

    def runs(self, loop: Any) -> bool:
        """Whether a loop is known to run."""
        return address(loop) in self._loops

    def doors(self) -> list[tuple[int, Callable[..., object]]]:
        """Return the loops that are known to run, and their doors."""
        return [(loop_id, door) for loop_id, (_, door) in list(self._loops.items())]


def yielded(loop_id: int, door: object) -> int:
    """In a loop's turn: the id of a task that gave way without waiting for anything, and stands in line again; or 0.

    Such a task's next step is in line itself, where a task that waited is woken by what it waited for.
    """
    loop: Any = getattr(door, "__self__", None)
    ready = getattr(loop, "_ready", None) if address(loop) == loop_id else None
    if ready is None:
        context = getattr(sys.modules.get("trio._core._run"), "GLOBAL_RUN_CONTEXT", None)
        runner: Any = getattr(context, "runner", None)
        return address(runner.runq[0]) if address(runner) == loop_id and runner.runq else 0
    for index in range(min(len(ready), MOST_LOOKED_AT)):
        callback = getattr(ready[index], "_callback", None)
        if type(callback).__name__ == "TaskStepMethWrapper" or (
            type(callback) is MethodType and callback.__func__.__name__ == "__step"
        ):
            return address(getattr(callback, "__self__", None))
    return 0


def put(
    loop_id: int, door: Callable[[Callable[[], None]], object], callback: Callable[[], None]
) -> Callable[[], object] | None:
    """Put a callback in a loop's line; returns what wakes the loop, if it has not been woken.

    A loop's door lets go of the GIL where it wakes the loop. A busy loop would then keep us for 5 ms from noting that
    the callback stands in its line, so where the two can be told apart, the note is written in between.
    """
    loop: Any = getattr(door, "__self__", None)
    if address(loop) == loop_id and hasattr(loop, "_run_once") and hasattr(loop, "_write_to_self"):
        loop._call_soon(callback, (), None)  # noqa: SLF001  see above
        wake: Callable[[], object] = loop._write_to_self  # noqa: SLF001
        return wake
    door(callback)
    awake: Callable[[], object] | None = getattr(loop, "wake", None)  # a run's of trio, whose door is ours
    return awake
