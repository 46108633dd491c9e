"""A window that tells each stall as it ends: a thread of ours asks the sampler four times a second, and calls back."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .session import ANSWER_S
from .window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ...results import Stall

PERIOD_S = 0.25
MOST_WAIT_S = 5.0
"""How long the end of a window waits for a call that has not returned, in seconds."""


@dataclass(slots=True)
class TellingWindow(Window):
    """Calls `on_stall` in a thread of its own; what that raises is told in `missing`, once."""

    on_stall: Callable[[Stall], object] | None = None
    _over: threading.Event = field(default_factory=threading.Event, repr=False)
    """Set when the window is closed."""
    _collected: threading.Event = field(default_factory=threading.Event, repr=False)
    """Set when no more stalls come; or it need not be waited for."""
    _told: threading.Event = field(default_factory=threading.Event, repr=False)
    """Set when all of them are told."""
    _is_late: bool = field(default=False, repr=False)
    _has_raised: bool = field(default=False, repr=False)

    def open(self) -> None:
        """Begin."""
        self.tells, self._is_late, self._has_raised = True, False, False
        self._over, self._collected, self._told = threading.Event(), threading.Event(), threading.Event()
        Window.open(self)
        if self._session is not None:
            with self._guarded():
                threading.Thread(target=self._follow, name="compare.watch on_stall", daemon=True).start()

    def close(self) -> None:
        """End."""
        self._over.set()
        Window.close(self)
        if self._session is None:
            self._collected.set()

    def _follow(self) -> None:
        """Ask and tell until the window is closed; then tell what was left. In the thread of our own."""
        try:
            while not self._over.wait(PERIOD_S) and self._ask():
                pass
            self._over.wait()
            self._collected.wait(ANSWER_S + MOST_WAIT_S)
            if not self._is_late:
                self._tell(self.last)
        finally:
            self._told.set()

    def _ask(self) -> bool:
        """Tell what is new; returns whether there is somebody to ask."""
        watched = self._session
        if watched is None:
            return False
        try:
            stalls, left_out = watched.news(self._number)
        except Exception:  # noqa: BLE001  the window's end tells why
            return False
        self._tell(stalls)
        if left_out:
            self._miss(f"{left_out} stalls were not told: too many came at once")
        return True

    def _collect(self) -> None:
        """As the class above; and then wait until the last are told, in a thread that `threading` must not see."""
        Window._collect(self)  # noqa: SLF001  a class with slots has no plain `super()`
        self._collected.set()
        if not self._told.wait(MOST_WAIT_S):
            self._is_late = True
            self._miss(f"on_stall had not returned after {MOST_WAIT_S:g} s: the last stalls were not told")

    def _tell(self, stalls: Iterable[Stall]) -> None:
        for stall in stalls:
            if stall.found.place not in self.places or self.on_stall is None:
                continue
            try:
                self.on_stall(stall)
            except Exception as error:  # noqa: BLE001  it is the program's own, and is told there
                if not self._has_raised:
                    self._miss(f"on_stall raised {type(error).__name__}: {error}")
                self._has_raised = True

    def _miss(self, sentence: str) -> None:
        if sentence not in self.missing:
            self.missing += (sentence,)
