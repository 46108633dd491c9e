"""A stretch of time in which this process is observed; whatever goes wrong with that is told, and never raised."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...process import aside
from ...results import LOOP_PLACES
from ..agent.clock import now
from . import session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...results import Finding, MayBlock, Place, Stall


@dataclass(slots=True)
class Window:
    """Opened and closed without waiting for anything, in whatever thread; prepared and collected around that.

    Attributes:
        threshold_ms: findings below this are not told, in milliseconds.
        places: which places are told.
        imports: whether what a module's import waits for and computes counts.
        missing: what could not be seen, and why, a sentence each.
        findings: what was found, worst first, once it is collected.
        may_block: calls in a loop's thread that may block, in the order of time; of a `StrictWindow` alone.
        tells: whether the sampler is asked for stalls while it is open.
        last: the stalls that nobody had asked for, once it is collected.
    """

    threshold_ms: float = 50.0
    places: tuple[Place, ...] = LOOP_PLACES
    imports: bool = True
    missing: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    may_block: tuple[MayBlock, ...] = ()
    tells: bool = False
    last: tuple[Stall, ...] = ()
    _is_open: bool = field(default=False, repr=False)
    _number: int = field(default=0, repr=False)
    _ended: int = field(default=0, repr=False)
    _began: int = field(default=0, repr=False)
    _session: session.Session | None = field(default=None, repr=False)
    """While there is something to close, or to collect."""

    @property
    def duration_ms(self) -> float:
        """How long it was open, in milliseconds."""
        return max(self._ended - self._began, 0) / 1e6

    def prepare(self) -> None:
        """See that the sampler is there: takes some tenths of a second where it is not."""
        self.missing, self.findings = (), ()
        with self._guarded():
            aside.wait(self._prepare)

    async def prepare_aside(self) -> None:
        """The same, while the loop that runs us goes on."""
        self.missing, self.findings = (), ()
        if not session.is_ready():
            with self._guarded():
                await aside.call(self._prepare)

    def open(self) -> None:
        """Begin."""
        with self._guarded():
            self._session = session.current()
            self._number, self._began = self._session.start(self.threshold_ms, imports=self.imports, tells=self.tells)
            self._is_open = True
            self.missing += self._session.missing

    def close(self) -> None:
        """End, once. What is shorter than the threshold holds nothing that is longer, and is not looked into."""
        if self._session is None or not self._is_open:
            return
        self._is_open = False
        with self._guarded():
            self._ended = at = now()
            # Many may stand in one line at a time, so that their waits add up to more than has passed.
            if at - self._began < self.threshold_ms * 1e6 and "pool-queue" not in self.places:
                self._session.drop(self._number)
                self._session = None
            else:
                self._session.stop(self._number, at)

    def collect(self) -> None:
        """Hear what was found once it is closed: takes the sampler some milliseconds."""
        if self._session is not None:
            with self._guarded():
                aside.wait(self._collect)

    async def collect_aside(self) -> None:
        """The same, while the loop that runs us goes on."""
        if self._session is not None:
            with self._guarded():
                await aside.call(self._collect)

    def _prepare(self) -> None:
        with self._guarded():
            session.ready()

    def _collect(self) -> None:
        with self._guarded():
            assert self._session is not None
            seen = self._session.answer(self._number)
            self.missing += seen.missing
            self.findings = tuple(finding for finding in seen.findings if finding.place in self.places)
            self.last = seen.stalls
        self._session = None

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """The program that is observed must not see an error of the observer's."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  see above
            self.missing += (session.lost(self._session, error),)
            self._session = None
