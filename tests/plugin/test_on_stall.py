"""`compare.watch(on_stall=…)`: each stall is told while the block goes on, and no callback does harm."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest
from async_io_cookbook.observe.in_process import telling_window

import compare

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCKS_S = 0.3
ENOUGH_S = 100.0
SLEEP = "clock_nanosleep"


pytestmark = pytest.mark.usefixtures("sampler")


class Told:
    """A callback that keeps what it is told, and who told it."""

    def __init__(self) -> None:
        self.stalls: list[compare.Stall] = []
        self.threads: set[int] = set()
        self.took_ms: list[float] = []
        self._has_come = threading.Event()

    def __call__(self, stall: compare.Stall) -> None:
        self.stalls.append(stall)
        self.threads.add(threading.get_ident())
        self._has_come.set()

    def of_the_wait(self) -> list[compare.Stall]:
        """Return those of `_waits`; a machine that others use may be slow to start a thread, which is told too."""
        return [stall for stall in self.stalls if stall.found.call == SLEEP]

    def ms(self) -> float:
        """Return what they come to, in milliseconds."""
        return sum(stall.found.total_ms for stall in self.of_the_wait())

    async def comes(self) -> None:
        """Wait for one, while the loop goes on."""
        assert await anyio.to_thread.run_sync(self._has_come.wait, ENOUGH_S)
        self._has_come.clear()


async def _waits() -> float:
    """Return how long it took, in milliseconds: a machine that others use may wake it late."""
    await anyio.sleep(0.01)
    begun = time.perf_counter()
    time.sleep(BLOCKS_S)  # noqa: ASYNC251  the wait that is to be found
    return (time.perf_counter() - begun) * 1e3


async def _told_twice(told: Told) -> compare.watch:
    async with compare.watch(threshold_ms=150, on_stall=told) as seen:
        for count in (1, 2):
            told.took_ms.append(await _waits())
            while told.ms() < 150 * count:
                await told.comes()
        assert seen.findings == ()
    return seen


@pytest.mark.parametrize("backend", ["asyncio", "asyncio+uvloop", "trio"])
def test_each_is_told_when_it_has_ended(run: Callable[..., Any], backend: str) -> None:
    """A machine that others use may keep the sampler away: then part of a wait is not told, or two are told as one."""
    told, before = Told(), time.time()
    seen = run(backend, _told_twice, told)
    for stall in told.of_the_wait():
        assert stall.found.place == "loop-thread"
        assert stall.found.site is not None
        assert stall.found.site.function == "_waits"
        assert stall.found.total_ms >= 150
        assert before < stall.ended < time.time()
    assert threading.get_ident() not in told.threads
    (finding,) = (each for each in seen.findings if each.call == SLEEP)
    assert finding.total_ms == pytest.approx(told.ms())
    assert 300 <= told.ms() <= sum(told.took_ms) * 1.05


def test_one_shortly_before_the_end_is_told_before_it(run: Callable[..., Any]) -> None:
    told = Told()
    with compare.watch(threshold_ms=150, on_stall=told):
        run("asyncio", _waits)
    assert [stall.found.call for stall in told.stalls] == ["clock_nanosleep"]


def test_only_what_is_asked_for_is_told(run: Callable[..., Any]) -> None:
    told = Told()
    with compare.watch(threshold_ms=150, places=["lock"], on_stall=told):
        run("asyncio", _waits)
    assert told.stalls == []


async def _fails_twice(told: Told) -> compare.watch:
    def fails(stall: compare.Stall) -> None:
        told(stall)
        message = "mine"
        raise LookupError(message)

    async with compare.watch(threshold_ms=150, on_stall=fails) as seen:
        for _ in range(2):
            await _waits()
            await told.comes()
    return seen


def test_what_it_raises_is_told_once_and_stops_nothing(run: Callable[..., Any]) -> None:
    told = Told()
    seen = run("asyncio", _fails_twice, told)
    assert len(told.stalls) == 2
    assert [each for each in seen.missing if "on_stall" in each] == ["on_stall raised LookupError: mine"]


def test_one_that_does_not_return_is_not_waited_for_for_ever(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling_window, "MOST_WAIT_S", 0.2)
    go_on, begun = threading.Event(), threading.Event()

    def waits(_: compare.Stall) -> None:
        begun.set()
        go_on.wait(ENOUGH_S)

    with compare.watch(threshold_ms=150, on_stall=waits) as seen:
        run("asyncio", _waits)
        assert begun.wait(ENOUGH_S)
    assert any("on_stall had not returned" in each for each in seen.missing)
    assert len(seen.findings) == 1
    go_on.set()


def test_without_a_callback_there_is_no_thread(run: Callable[..., Any]) -> None:
    names: list[str] = []
    with compare.watch(threshold_ms=150):
        run("asyncio", partial(_noted, names))
    assert "compare.watch on_stall" not in names


async def _noted(names: list[str]) -> None:
    names += [thread.name for thread in threading.enumerate()]


def test_it_must_be_callable() -> None:
    with pytest.raises(ValueError, match="on_stall must be a function that takes a Stall, not 'print'"):
        compare.watch(on_stall="print")  # type: ignore[arg-type]
