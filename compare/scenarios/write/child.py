"""The process in which one variant writes: `async_io_cookbook.scenarios.write.child COMMANDS MESSAGES`.

For each `{"write": …}` it makes one pass: every stream to a path of its own, all at once in an event loop, one after
the other without. What is there afterwards is compared here, outside the timed window. The first pass of a state counts
what is buffered, and no later one does.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from ...process.child import main
from ..shared.at_once import at_once
from ..shared.one_pass import one_pass
from .seen import look
from .streams import Held, arriving, arriving_in_loop, connect

if TYPE_CHECKING:
    import socket

    from ...process.child import Line, Variant

MIB = 1 << 20
_most: dict[str, int] = {}
"""The most that was buffered in each state, in bytes."""


def _write(variant: Variant, work: dict[str, Any], line: Line) -> dict[str, Any]:
    """One pass over the streams."""
    held = None if work["state"] in _most else Held()
    connections = [connect(work["port"], number) for number in range(len(work["paths"]))]
    try:
        function = _one_by_one if variant.backend is None else _all_at_once
        call = partial(function, variant, connections, work, held)
        counts, measured = one_pass(variant, line, call, gates=work["gates"])
    finally:
        for connection in connections:
            connection.close()
    if held:
        _most[work["state"]] = held.most
    complaint = _wrong(counts, work)
    measured["buffered_mib"] = _most[work["state"]] / MIB
    return {"outcome": "wrong" if complaint else "ok", "reason": complaint, **measured}


def _one_by_one(
    variant: Variant, connections: list[socket.socket], work: dict[str, Any], held: Held | None
) -> list[Any]:
    return [
        variant.function(path, arriving(connection, work["chunk"], held), work["durable"])
        for path, connection in zip(work["paths"], connections, strict=True)
    ]


async def _all_at_once(
    variant: Variant, connections: list[socket.socket], work: dict[str, Any], held: Held | None
) -> list[Any]:
    backend = variant.backend
    assert backend is not None

    async def one(number: int) -> Any:
        chunks = arriving_in_loop(backend, connections[number], work["chunk"], held)
        return await variant.function(work["paths"][number], chunks, work["durable"])

    return await at_once(backend, [partial(one, number) for number in range(len(connections))])


def _wrong(counts: list[Any], work: dict[str, Any]) -> str | None:
    """What is wrong with what was returned or is there, or `None`."""
    for number, (count, path, (length, expected)) in enumerate(
        zip(counts, work["paths"], work["digests"], strict=True)
    ):
        if count != length:
            return f"stream {number}: returned {count!r}, expected the number of its bytes, {length}"
        found = look(path) if os.path.lexists(path) else (0, 0)
        if found is None:
            return f"stream {number}: its pipe was not closed"
        if found[0] != length:
            return f"stream {number}: {found[0]} bytes are there, and {length} were sent"
        if found[1] != expected:
            return f"stream {number}: the right length, and wrong bytes"
    folder = os.path.dirname(work["paths"][0])  # noqa: PTH120
    if more := set(os.listdir(folder)) - {os.path.basename(path) for path in work["paths"]}:  # noqa: PTH119, PTH208
        return f"left {min(more)} beside the files"
    return None


if __name__ == "__main__":
    main(sys.argv[1:], {"write": _write})
