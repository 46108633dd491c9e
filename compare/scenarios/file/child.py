"""The process in which one variant reads: `async_io_cookbook.scenarios.file.child COMMANDS MESSAGES`.

For each `{"read": …}` it makes one pass over the files. The bytes that came are compared here, outside the timed
window: they never travel.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from ...process.child import main, peak_mib, threads, usage
from .digest import digest

if TYPE_CHECKING:
    from ...process.child import Line, Variant


def _read(variant: Variant, work: dict[str, Any], line: Line) -> dict[str, Any]:
    """One pass over the files.

    `gates` stops before and after the pass, until
    the parent says go on: what is observed is the pass, and nothing else of this process.
    """
    paths: list[str] = work["paths"]
    measured: dict[str, Any] = {}
    if variant.backend is None:
        answer = _plain_pass(variant, paths, work, line, measured)
    else:
        answer = variant.run(_pass_in_loop, variant, paths, work, line, measured)
    complaint = _wrong(answer, work["digests"])
    return {"outcome": "wrong" if complaint else "ok", "reason": complaint, **measured}


def _plain_pass(variant: Variant, paths: list[str], work: dict[str, Any], line: Line, measured: dict[str, Any]) -> Any:
    if work["gates"]:
        line.send(poised=True)
        line.receive()
    started = _Started()
    answer = variant.function(paths)
    measured |= started.until_now()
    if work["gates"]:
        line.send(passed=True)
        line.receive()
    return answer


async def _pass_in_loop(
    variant: Variant, paths: list[str], work: dict[str, Any], line: Line, measured: dict[str, Any]
) -> Any:
    assert variant.backend is not None
    if work["gates"]:
        line.send(poised=True)
        await line.receive_in_loop(variant.backend)
    started = _Started()
    answer = await variant.function(paths)
    measured |= started.until_now()
    if work["gates"]:
        line.send(passed=True)
        await line.receive_in_loop(variant.backend)
    return answer


class _Started:
    """The moment at which a pass began."""

    def __init__(self) -> None:
        self._moment = time.monotonic()
        self._usage = usage()
        self._began = time.perf_counter()

    def until_now(self) -> dict[str, Any]:
        """What the pass took."""
        seconds = time.perf_counter() - self._began
        user, system = usage()
        return {
            "start": self._moment,
            "seconds": seconds,
            "user": user - self._usage[0],
            "system": system - self._usage[1],
            "rss_mib": peak_mib(),
            "threads": threads(),
        }


def _wrong(answer: Any, digests: list[tuple[int, str]]) -> str | None:
    """What is wrong with the bytes that came, or `None`; `digests` are the lengths and digests of the right ones."""
    contract = "expected list[bytes], one for each path, in the order of the paths"
    if not isinstance(answer, list | tuple):
        return f"returned {type(answer).__name__}: {contract}"
    if len(answer) != len(digests):
        return f"returned {len(answer)} results for {len(digests)} paths: {contract}"
    for index, (data, (length, expected)) in enumerate(zip(answer, digests, strict=True)):
        if not isinstance(data, bytes | bytearray | memoryview):
            return f"result {index} is {type(data).__name__}: {contract}"
        if len(data) != length:
            return f"result {index} has {len(data)} bytes, the file {length}"
        if digest(data) != expected:
            return f"result {index} has the right length, and wrong bytes"
    return None


if __name__ == "__main__":
    main(sys.argv[1:], {"read": _read})
