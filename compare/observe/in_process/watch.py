"""`compare.watch`: observe a stretch of your own program, from a `with` block or, through pytest, around a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

from ...results import LOOP_PLACES, PLACES, Finding, Place
from .telling_window import TellingWindow
from .window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from ...results import Stall


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


def checked_call(on_stall: Any) -> Callable[[Stall], object] | None:
    """Return what is called with each stall, or raise `ValueError` with one line."""
    if on_stall is not None and not callable(on_stall):
        message = f"on_stall must be a function that takes a Stall, not {on_stall!r}"
        raise ValueError(message)
    return cast("Callable[[Stall], object] | None", on_stall)


class watch:  # noqa: N801  reads as what it does: `with compare.watch() as seen`
    """Observe this process's event loops while a `with` or `async with` block runs.

    The first use starts the sampler, which takes some tenths of a second, and each end waits some milliseconds for what
    was found. `async with` lets the loop go on meanwhile; `with` in a loop's thread holds it.

    Nothing that goes wrong with observing is raised here: `missing` says it.

    Args:
        threshold_ms: what waited or computed for less than this, in all, is not told; in milliseconds.
        places: which places are told; as it is, all that hold a loop's thread.
        imports: whether what a module's import waits for and computes counts.
        on_stall: is called with a `Stall` for each stall when it has ended, at most a quarter of a second later, while
            the block goes on. The call is made in a thread of ours, so that it holds no loop; what it raises is told in
            `missing`. Such a block may last for as long as the service does.

    Attributes:
        findings: what was found, worst first; empty until the block has ended.
        missing: what could not be seen, and why, a sentence each; unless it is empty, no finding is no all-clear.

    Raises:
        ValueError: an argument is not what it should be; one line.
    """

    def __init__(
        self,
        *,
        threshold_ms: float = 50.0,
        places: Iterable[Place] = LOOP_PLACES,
        imports: bool = True,
        on_stall: Callable[[Stall], object] | None = None,
    ) -> None:
        """See the class."""
        how = checked_threshold(threshold_ms), checked_places(places), imports
        call = checked_call(on_stall)
        self._window = Window(*how) if call is None else TellingWindow(*how, on_stall=call)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found, worst first."""
        return self._window.findings

    @property
    def missing(self) -> tuple[str, ...]:
        """What could not be seen, and why."""
        return self._window.missing

    def __enter__(self) -> Self:
        """Begin."""
        self._window.prepare()
        self._window.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End, and wait for what was found."""
        self._window.close()
        self._window.collect()

    async def __aenter__(self) -> Self:
        """Begin."""
        await self._window.prepare_aside()
        self._window.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End, and wait for what was found while the loop goes on."""
        self._window.close()
        await self._window.collect_aside()
