"""Logs each stall, with the line that held the event loop."""

import logging

import compare

logger = logging.getLogger("stalls")


def log(stall: compare.Stall) -> None:
    """Log one stall."""
    found = stall.found
    what = " ".join(
        filter(None, (found.call or found.kind or found.place, found.target))
    )
    logger.warning(
        "the loop was held for %.0f ms at %s: %s", found.total_ms, found.site, what
    )
