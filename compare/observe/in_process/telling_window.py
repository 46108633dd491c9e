"""A window that tells each stall as it ends: a thread of ours asks the sampler four times a second, and calls back."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
    _thread: threading.Thread | None = field(default=None, repr=False)
    _has_raised: bool = field(default=False, repr=False)

    def open(self) -> None:
        """Begin."""
        self.tells = True
        self._over, self._has_raised = threading.Event(), False
        Window.open(self)
        if self._session is not None:
            self._thread = threading.Thread(target=self._follow, name="compare.watch on_stall", daemon=True)
            with self._guarded():
                self._thread.start()

    def close(self) -> None:
        """End."""
        self._over.set()
        Window.close(self)

    def _follow(self) -> None:
        while not self._over.wait(PERIOD_S):
            watched = self._session
            if watched is None:
                return
            try:
                stalls, left_out = watched.news(self._number)
            except Exception:  # noqa: BLE001  the window's end tells why
                return
            self._tell(stalls)
            if left_out:
                self._miss(f"{left_out} stalls were not told: too many came at once")

    def _collect(self) -> None:
        has_returned = self._has_returned()
        Window._collect(self)  # noqa: SLF001  of the class above; a class with slots has no plain `super()`
        if has_returned:
            self._tell(self.last)

    def _has_returned(self) -> bool:
        """Whether nothing is being told any more; it is waited for, not for ever."""
        if self._thread is None or self._thread.ident is None:
            return True
        self._thread.join(MOST_WAIT_S)
        if self._thread.is_alive():
            self._miss(f"on_stall had not returned after {MOST_WAIT_S:g} s: the last stalls were not told")
        return not self._thread.is_alive()

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
