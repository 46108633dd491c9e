"""What is told while a program is watched: a thread of ours asks for news four times a second, and hands them on."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.results import News, Run

    Ask = Callable[[], News | None]

PERIOD_S = 0.25


@dataclass(frozen=True, slots=True)
class Rows:
    """The row as it is by now, asked for in the thread that follows.

    Attributes:
        so_far: returns what has been found until now, without lanes.
        recorded: returns what was found in the time that is kept, with its lanes.
        is_last: whether the watch is over, and no more news come.
    """

    so_far: Callable[[], Run]
    recorded: Callable[[], Run]
    is_last: bool = False


if TYPE_CHECKING:
    Hear = Callable[[News | None, Rows], None]
    """Takes what is new, and whom to ask for more; `None`, once, where there is nobody to ask any more."""


class Follower:
    """Follows a watch while a `with` block runs; whatever fails in that ends the following alone.

    Attributes:
        trouble: why it ended early, in a sentence; `None` where it did not.
    """

    def __init__(self, ask: Ask, rows: Rows, hear: Hear | None) -> None:
        """Start nothing yet.

        Args:
            ask: returns what is new since it was asked last; `None` once there is nobody to ask.
            rows: returns the row as it is by then.
            hear: takes what is new; `None`: nobody does, and nothing is asked.
        """
        self._ask, self._rows, self._hear = ask, rows, hear
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._ended, self._end = -1, -1
        self.trouble: str | None = None

    def __enter__(self) -> Self:
        """Begin to ask."""
        if self._hear is not None:
            self._ended, self._end = os.pipe()
            self._thread = threading.Thread(target=self._follow, name="compare follows", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ask once more, so that nothing is left untold, and end."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            os.close(self._ended)

    def fileno(self) -> int:
        """Return a descriptor that can be read from once there is nobody to ask."""
        return self._ended

    def _follow(self) -> None:
        try:
            is_over = False
            while not is_over:
                is_over = self._stop.wait(PERIOD_S)
                is_over = not self._once(replace(self._rows, is_last=is_over)) or is_over
        finally:
            os.close(self._end)

    def _once(self, rows: Rows) -> bool:
        """Ask, and hand on; returns whether there was somebody to ask."""
        try:
            news = self._ask()
        except Exception:  # noqa: BLE001  the end of the watch tells why
            news = None
        try:
            if self._hear is not None:
                self._hear(news, rows)
        except Exception as error:  # noqa: BLE001  the program, and the watch, go on
            self.trouble = f"nothing more was told meanwhile: {type(error).__name__}: {error}"
            self._hear = None
        return news is not None
