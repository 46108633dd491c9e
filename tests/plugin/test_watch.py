"""`compare.watch`: around a block, sync or async, in whatever loop it stands."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest

import compare

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCKS_S = 0.3
BACKENDS = ["asyncio", "asyncio+uvloop", "trio"]


pytestmark = pytest.mark.usefixtures("sampler")


async def _waits() -> None:
    await anyio.sleep(0.01)
    time.sleep(BLOCKS_S)  # noqa: ASYNC251  the wait that is to be found


async def _watches() -> tuple[compare.watch, compare.watch]:
    async with compare.watch(threshold_ms=150) as guilty:
        await _waits()
    async with compare.watch(threshold_ms=150) as clean:
        await anyio.to_thread.run_sync(time.sleep, BLOCKS_S)
    return guilty, clean


@pytest.mark.parametrize("backend", BACKENDS)
def test_async_inside_a_running_loop(run: Callable[..., Any], backend: str) -> None:
    guilty, clean = run(backend, _watches)
    (finding,) = guilty.findings
    assert (finding.place, finding.call, finding.site.function) == ("loop-thread", "clock_nanosleep", "_waits")
    assert finding.total_ms == pytest.approx(BLOCKS_S * 1000, rel=0.25)
    assert clean.findings == ()


@pytest.mark.parametrize("backend", BACKENDS)
def test_sync_around_a_loop(run: Callable[..., Any], backend: str) -> None:
    with compare.watch(threshold_ms=150) as seen:
        run(backend, _waits)
    assert [(finding.place, finding.code.split("#")[0].strip()) for finding in seen.findings if finding.code] == [
        ("loop-thread", "time.sleep(BLOCKS_S)")
    ]


def test_windows_overlap(run: Callable[..., Any]) -> None:
    with compare.watch(threshold_ms=150) as outer:
        with compare.watch(threshold_ms=10_000) as inner:
            run("asyncio", _waits)
        with compare.watch(threshold_ms=150) as after:
            run("asyncio", anyio.sleep, 0.2)
    assert len(outer.findings) == 1
    assert inner.findings == after.findings == ()


def test_a_loop_in_another_thread(run: Callable[..., Any]) -> None:
    with compare.watch(threshold_ms=150) as seen:
        thread = threading.Thread(target=run, args=("asyncio+uvloop", _waits), name="side by side")
        thread.start()
        thread.join()
    assert [finding.thread for finding in seen.findings] == ["side by side"]


def test_no_loop_no_finding() -> None:
    with compare.watch(threshold_ms=150) as seen:
        time.sleep(BLOCKS_S)
    assert seen.findings == ()
    # A test before this one, in the same process, may have made more notes than were read: that stays said.
    assert [each for each in seen.missing if "of the agent's notes" not in each] == []


def test_an_error_passes_through(run: Callable[..., Any]) -> None:
    with pytest.raises(ZeroDivisionError), compare.watch(threshold_ms=150) as seen:  # noqa: PT012  both count
        run("asyncio", _waits)
        _ = 1 // 0
    assert len(seen.findings) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threshold_ms": 0}, "threshold_ms must be a number above 0, not 0"),
        ({"threshold_ms": "50"}, "threshold_ms must be a number above 0, not '50'"),
        ({"places": ["loop"]}, "places must be of loop-thread, .*, not 'loop'"),
    ],
)
def test_arguments_that_are_none(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compare.watch(**arguments)
