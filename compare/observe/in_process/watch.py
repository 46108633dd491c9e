"""`compare.watch`: observe a stretch of your own program, from a `with` block or, through pytest, around a test."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, cast

from ...results import LOOP_PLACES, PLACES, Finding, Place
from . import session

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType


class BlockingError(AssertionError):
    """An event loop was kept waiting for longer than a test allows."""


BlockingError.__module__ = "compare"


def checked_places(places: Iterable[str]) -> tuple[Place, ...]:
    """Return the places, or raise `ValueError` with one line that names those that there are."""
    found = tuple(places) if not isinstance(places, str) else (places,)
    for place in found:
        if place not in PLACES:
            message = f"places must be of {', '.join(PLACES)}, not {place!r}"
            raise ValueError(message)
    return cast("tuple[Place, ...]", found)


def checked_threshold(threshold_ms: Any) -> float:
    """Return the threshold, or raise `ValueError` with one line."""
    if isinstance(threshold_ms, bool) or not isinstance(threshold_ms, int | float) or not threshold_ms > 0:
        message = f"threshold_ms must be a number above 0, not {threshold_ms!r}"
        raise ValueError(message)
    return float(threshold_ms)


@dataclass(slots=True)
class Window:
    """A stretch of time in which this process is observed.

    Attributes:
        threshold_ms: findings below this are not told, in milliseconds.
        places: which places are told.
        imports: whether what a module's import waits for and computes counts.
    """

    threshold_ms: float = 50.0
    places: tuple[Place, ...] = LOOP_PLACES
    imports: bool = True
    missing: tuple[str, ...] = ()
    _number: int = field(default=0, repr=False)
    _began: int = field(default=0, repr=False)
    _is_open: bool = field(default=False, repr=False)
    _is_stopped: bool = field(default=False, repr=False)
    _session: session.Session | None = field(default=None, repr=False)

    def open(self) -> None:
        """Begin."""
        self._session = session.session()
        self._number, self._began = self._session.start(self.threshold_ms, imports=self.imports)
        self.missing = self._session.missing
        self._is_open = True

    def close(self) -> None:
        """End, and don't wait for anything. What is shorter than the threshold holds nothing that is longer."""
        if self._session is None or not self._is_open:
            return
        self._is_open = False
        at = time.monotonic_ns()
        # Many may stand in one line at a time, so that their waits add up to more than has passed.
        if at - self._began < self.threshold_ms * 1e6 and "pool-queue" not in self.places:
            self._session.drop(self._number)
        else:
            self._session.stop(self._number, at)
            self._is_stopped = True

    def findings(self) -> tuple[Finding, ...]:
        """Return what was found once it is closed, worst first; takes the sampler some milliseconds."""
        if not self._is_stopped or self._session is None:
            return ()
        findings, missing = self._session.answer(self._number)
        self._is_stopped = False
        self.missing += missing
        return tuple(finding for finding in findings if finding.place in self.places)


class watch:  # noqa: N801  reads as what it does: `with compare.watch() as seen`
    """Observe this process's event loops while a `with` (or `async with`) block runs.

    The first use starts the sampler, which takes some tenths of a second (inside a running loop, in a thread).

    Args:
        threshold_ms: what waited or computed for less than this, in all, is not told; in milliseconds.
        places: which places are told; as it is, all that hold a loop's thread.
        imports: whether what a module's import waits for and computes counts.

    Attributes:
        findings: what was found, worst first; empty until the block has ended.
        missing: what could not be seen here, and why, a sentence each.

    Raises:
        ValueError: an argument is not what it should be; one line.
        ObserverError: the sampler can't be started, or has ended.
    """

    def __init__(
        self, *, threshold_ms: float = 50.0, places: Iterable[Place] = LOOP_PLACES, imports: bool = True
    ) -> None:
        """See the class."""
        self._window = Window(checked_threshold(threshold_ms), checked_places(places), imports)
        self.findings: tuple[Finding, ...] = ()
        self.missing: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        """Begin."""
        self._window.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End, and take some milliseconds to hear what was found."""
        self._window.close()
        self.findings = self._window.findings()
        self.missing = self._window.missing

    async def __aenter__(self) -> Self:
        """Begin."""
        if not session.is_started():
            import anyio.to_thread  # noqa: PLC0415  not needed by whoever has no loop

            await anyio.to_thread.run_sync(lambda: session.session().ready())
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End, as `__exit__` does."""
        self.__exit__(kind, error, traceback)
