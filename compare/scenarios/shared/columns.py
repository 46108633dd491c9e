"""Columns that several scenarios have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.catalogue.scenario import Column

if TYPE_CHECKING:
    from compare.results import Run


def _time(run: Run) -> float | None:
    return run.seconds.median * 1000 if run.outcome == "ok" and run.seconds else None


def _held(run: Run) -> float | None:
    """The loop's longest absence: 0 where it was never held, nothing where there is no loop."""
    seen = run.observation
    return seen.loop.longest_ms if run.outcome == "ok" and seen is not None and seen.loop is not None else None


TIME = Column("time", "time", _time)
THREADS = Column("threads", "count", lambda run: run.threads or None)
HELD = Column("held", "time", _held, "loop held")
