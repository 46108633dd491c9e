"""Makes a span of each stall, with the line that held the event loop."""

from opentelemetry import trace

import compare

TRACER = trace.get_tracer("stalls")


def record(stall: compare.Stall) -> None:
    """Make one span."""
    found, ended = stall.found, int(stall.ended * 1e9)
    attributes: dict[str, str | int] = {
        "stall.place": found.place,
        "thread.name": found.thread,
    }
    if found.call is not None:
        attributes["stall.call"] = found.call
    if found.target is not None:
        attributes["stall.target"] = found.target
    if found.site is not None:
        attributes["code.file.path"] = found.site.file
        attributes["code.line.number"] = found.site.line
        attributes["code.function.name"] = found.site.function
    span = TRACER.start_span(
        "event loop held",
        start_time=ended - int(found.total_ms * 1e6),
        attributes=attributes,
    )
    span.end(end_time=ended)
