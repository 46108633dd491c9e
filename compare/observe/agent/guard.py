"""Whatever the agent does on top of what the program asked for goes through here: its errors are its own.

An error in a note or a look-up is counted, told with the rest, and swallowed. What is not an error of ours passes: a
`BaseException`, and what a signal's handler of the program's has raised while a note was being taken.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any


_type, _list, _tuple = type, list, tuple  # the program may patch what it finds in `builtins`


class Failures:
    """How often each kind of note has failed."""

    def __init__(self, tell: Callable[[int, int, str], None]) -> None:
        """Tell of each: which, the how manieth time, and the first time what went wrong."""
        self._tell = tell
        self._counts: dict[str, list[int]] = {}

    def begin_anew(self) -> None:
        """In a forked child, whose failures are told apart."""
        self._counts.clear()

    def count(self, what: str, error: Exception) -> None:
        """Count one; raises nothing."""
        try:
            place = self._counts.setdefault(what, [len(self._counts) + 1, 0])
            place[1] += 1
            told = f"noting {what}: the first was {type(error).__name__}: {error}" if place[1] == 1 else ""
            self._tell(place[0], place[1], told)
        except Exception:  # noqa: BLE001, S110  there is nothing left to tell it with
            pass

    def guard(self, what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Guard a function that notes `what`: where it fails, it returns `None`."""

        def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
            def note(*arguments: Any) -> Any:
                try:
                    return function(*arguments)
                except Exception as error:
                    if is_programs(error):
                        raise
                    self.count(what, error)
                    return None

            return note

        return guarded


def unseen(error: BaseException) -> None:
    """Take the frame that has caught an error out of its traceback; the bare `raise` that follows adds none."""
    if error.__traceback__ is not None:
        error.__traceback__ = error.__traceback__.tb_next


def is_programs(error: Exception) -> bool:
    """Whether a handler of the program's has raised it, that a signal called in the midst of a note.

    Such a handler is known by its argument: the frame that was interrupted, which is one of ours.
    """
    ours: list[FrameType] = []
    step = error.__traceback__
    while step is not None:
        frame, step = step.tb_frame, step.tb_next
        for value in _list(frame.f_locals.values()) if ours else ():
            for each in value if _type(value) is _tuple else (value,):
                for before in ours:
                    if each is before:
                        return True
        ours.append(frame)
    return False
