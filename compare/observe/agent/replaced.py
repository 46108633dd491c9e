"""What the agent has put into libraries, so that it can be put back when the agent leaves."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Replaced:
    """Remembers what stood where; safe to call from any thread."""

    def __init__(self, guard: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        """Nothing has been put anywhere; `guard` is for each step back."""
        self._guard = guard
        self._places: list[tuple[Any, str, bool, Any, Any]] = []
        self._undo: list[Callable[[], None]] = []

    def put(self, owner: Any, name: str, new: Any) -> None:
        """Put `new` in the place of a module's or a class's own `name`."""
        own = vars(owner)
        before = (name in own, own.get(name))
        setattr(owner, name, new)
        self._places.append((owner, name, *before, vars(owner)[name]))

    def take_back(self, owner: Any, name: str) -> bool:
        """Put back what stood at one place; returns whether it was still ours there."""
        for place in reversed(self._places):
            if place[:2] == (owner, name) and vars(owner).get(name) is place[-1]:
                self._places.remove(place)
                self._put_one_back(*place)
                return True
        return False

    def also(self, undo: Callable[[], None]) -> None:
        """Call `undo` as well, when everything is put back."""
        self._undo.append(undo)

    def put_back(self) -> None:
        """Put back what stood there, the last first; what somebody else has replaced meanwhile is left to them."""
        while self._places:
            self._guard(self._put_one_back)(*self._places.pop())
        while self._undo:
            self._guard(self._undo.pop())()

    @staticmethod
    def _put_one_back(owner: Any, name: str, was_there: bool, before: Any, ours: Any) -> None:  # noqa: FBT001
        if vars(owner).get(name) is not ours:
            return
        if was_there:
            setattr(owner, name, before)
        else:
            delattr(owner, name)
