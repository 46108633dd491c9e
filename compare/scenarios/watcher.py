"""The observer, as the scenarios use it: when its process fails, rows lose their observation, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

from compare.observe import Observer
from compare.observe.started.observer import ObserverError

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.observe import Link
    from compare.process.host import Host
    from compare.results import News, Observation

MOST_FAILURES = 3
T = TypeVar("T")


class Watcher:
    """Watches one process after another; use it as a context manager."""

    def __init__(self, host: Host | None = None) -> None:
        """Start nothing yet; `host` is to leave the sampler's process alone."""
        self._host = host
        self._observer: Observer | None = None
        self._failures = 0
        self.trouble: str | None = None
        """Why the last observation came to nothing."""

    def __enter__(self) -> Self:
        """Start the sampler's process; it gets ready while others are made."""
        self._start()
        return self

    def _start(self) -> None:
        try:
            self._observer = Observer().__enter__()
        except (ObserverError, OSError) as error:
            self._failed(error)
            return
        if self._host is not None:
            self._host.spare(self._observer.pid)

    def __exit__(self, *_: object) -> None:
        """End it."""
        if self._observer is not None:
            self._observer.__exit__(None, None, None)
            self._observer = None

    def link(self, *, early: bool = False) -> Link | None:
        """What a child is given to be observed; `None` when nothing can be observed; `early` is an Observer's."""
        while self._observer is not None or self._failures < MOST_FAILURES:
            if self._observer is None:
                self._start()
                continue
            try:
                return self._observer.link(early=early)
            except (ObserverError, OSError) as error:
                self._failed(error)
        return None

    def begin(self, pid: int, link: Link | None, threshold_ms: float, **how: Any) -> None:
        """From now on; `how` is as `Observer.begin` has it."""
        self.trouble = None if self._observer else self.trouble
        if self._observer is not None:
            try:
                self._observer.begin(pid, link, threshold_ms=threshold_ms, **how)
            except ObserverError as error:
                self._failed(error)

    def news(self) -> News | None:
        """What is new since it was asked last, if `begin` said that it would be; `None` when nothing comes any more."""
        return self._asked(Observer.news)

    def so_far(self) -> Observation | None:
        """What has been found until now, without lanes; `None` when nothing comes any more."""
        return self._asked(Observer.so_far)

    def recorded(self) -> Observation | None:
        """What was found in the time that is kept, if `begin` said how long; `None` when nothing comes any more."""
        return self._asked(Observer.recorded)

    def _asked(self, ask: Callable[[Observer], T]) -> T | None:
        if self._observer is None or self.trouble is not None:
            return None
        try:
            return ask(self._observer)
        except ObserverError:  # `end` tells what had been found by then
            return None

    def end(self) -> Observation | None:
        """Until now; `None`, and the reason in `trouble`, when it came to nothing."""
        if self._observer is None or self.trouble is not None:
            return None
        try:
            return self._observer.end()
        except ObserverError as error:
            self._failed(error)
            return None

    def _failed(self, error: Exception) -> None:
        """Another one is started for the next, a few times."""
        self.__exit__()
        self.trouble = f"not observed: {error}"
        self._failures += 1
