"""What is told while a program is watched: a thread of ours asks for news four times a second, and hands them on."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.results import News

    Ask = Callable[[], News | None]
    Hear = Callable[[News], None]

PERIOD_S = 0.25


class Follower:
    """Follows a watch while a `with` block runs; whatever fails in that ends the following alone.

    Attributes:
        trouble: why it ended early, in a sentence; `None` where it did not.
    """

    def __init__(self, ask: Ask, hear: Hear | None) -> None:
        """Start nothing yet.

        Args:
            ask: returns what is new since it was asked last; `None` once there is nobody to ask.
            hear: takes that; `None`: nobody does, and nothing is asked.
        """
        self._ask, self._hear = ask, hear
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
        """Return a descriptor that can be read from once following has ended by itself."""
        return self._ended

    def _follow(self) -> None:
        try:
            is_over = False
            while not is_over:
                is_over = self._stop.wait(PERIOD_S)
                is_over = not self._once() or is_over
        finally:
            os.close(self._end)

    def _once(self) -> bool:
        try:
            news = self._ask()
            if news is None or self._hear is None:
                return False
            self._hear(news)
        except Exception as error:  # noqa: BLE001  the program, and the watch, go on
            self.trouble = f"nothing more is told meanwhile: {type(error).__name__}: {error}"
            return False
        return True
