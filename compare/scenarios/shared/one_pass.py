"""One pass in a variant's process: let begin and end by the parent when it is observed, and timed.

It imports relatively: it runs in the variant's process, where `compare` may be somebody else's name.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from ...process.usage import peak_mib, threads, usage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...process.child import Line, Variant

    Usage = Callable[[], tuple[float, float]]


def one_pass(  # noqa: PLR0913  what a pass is made of
    variant: Variant,
    line: Line,
    function: Callable[[], Any],
    *,
    gates: bool,
    used: Usage = usage,
    apart: Sequence[int] = (),
) -> tuple[Any, dict[str, Any]]:
    """Make one pass; return what the function returned, and what was measured.

    Args:
        variant: whose backend runs it.
        line: to the parent.
        function: what is timed; async where the variant has a backend.
        gates: whether to stop before and after the pass, until the parent says go on: what is observed is the pass,
            and nothing else of this process.
        used: tells user and system time until now, in seconds.
        apart: processes that this one has started, and that are none of the variant's: they are not observed.
    """
    measured: dict[str, Any] = {}
    if variant.backend is not None:
        in_loop = partial(
            _in_loop, variant.backend, line, function, gates=gates, used=used, apart=apart, measured=measured
        )
        return variant.run(in_loop), measured
    if gates:
        line.send(poised=True, apart=apart)
        line.receive()
    started = _Started(used)
    answer = function()
    measured |= started.until_now()
    if gates:
        line.send(passed=True)
        line.receive()
    return answer, measured


async def _in_loop(  # noqa: PLR0913
    backend: str,
    line: Line,
    function: Callable[[], Any],
    *,
    gates: bool,
    used: Usage,
    apart: Sequence[int],
    measured: dict[str, Any],
) -> Any:
    if gates:
        line.send(poised=True, apart=apart)
        await line.receive_in_loop(backend)
    started = _Started(used)
    answer = await function()
    measured |= started.until_now()
    if gates:
        line.send(passed=True)
        await line.receive_in_loop(backend)
    return answer


class _Started:
    """The moment at which a pass began."""

    def __init__(self, used: Usage) -> None:
        self._used = used
        self._moment = time.monotonic()
        self._before = used()
        self._began = time.perf_counter()

    def until_now(self) -> dict[str, Any]:
        """What the pass took."""
        seconds = time.perf_counter() - self._began
        user, system = self._used()
        return {
            "start": self._moment,
            "seconds": seconds,
            "user": user - self._before[0],
            "system": system - self._before[1],
            "rss_mib": peak_mib(),
            "threads": threads(),
        }
