"""Counts stalls and their time for Prometheus, by the line that held the event loop."""

from prometheus_client import Histogram

import compare

HELD = Histogram(
    "event_loop_held_seconds",
    "How long the event loop was held.",
    ["place", "site"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def measure(stall: compare.Stall) -> None:
    """Count one stall."""
    site = stall.found.site
    line = f"{site.file}:{site.line}" if site is not None else ""
    HELD.labels(stall.found.place, line).observe(stall.found.total_ms / 1000)
