"""At the time limit, or cancelled at any moment: no process stays, no zombie, no grandchild, no descriptor."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from tests.recipes.child_pipes.conftest import LIMIT_S, children

if TYPE_CHECKING:
    from compare.catalogue import Variant
    from tests.recipes.child_pipes.conftest import Noted, Runner

MUCH = bytes(1 << 20)
TURNS = 16
"""After how many turns of the loop, at most, a call is cancelled: by then, the child runs."""


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("exec sleep 600", id="sleeps"),
        pytest.param("exec <&- >&- 2>&-; exec sleep 600", id="has closed its pipes"),
        pytest.param("exec yes", id="writes for ever"),
        pytest.param("trap '' TERM HUP INT PIPE; sleep 600", id="ignores signals"),
        pytest.param("kill -STOP $$", id="is stopped"),
    ],
)
def test_the_time_limit_leaves_no_process(runner: Runner, script: str) -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"^sh took more than 0\.1 s$"):
        runner.sh(script, MUCH, 0.1)
    assert children() == []
    assert 0.1 <= time.monotonic() - began < LIMIT_S
    runner.stands("time limit")


def test_the_time_limit_ends_what_the_child_started(runner: Runner, noted: Noted) -> None:
    with pytest.raises(TimeoutError):
        runner.sh(f"sleep 600 & echo $! > {noted}; wait", b"", 0.3)
    assert noted.has_ended()
    runner.stands("time limit, with a grandchild")


def test_the_time_limit_ends_a_grandchild_that_holds_the_pipe(runner: Runner, noted: Noted) -> None:
    """The child itself has long gone, and been waited for."""
    with pytest.raises(TimeoutError):
        runner.sh(f"sleep 600 & echo $! > {noted}", b"", 0.3)
    assert noted.has_ended()
    assert children() == []
    runner.stands("a grandchild holds the pipe of a child that has gone")


def test_the_time_limit_holds_when_a_daemon_keeps_the_pipe(runner: Runner, noted: Noted) -> None:
    """Who has left the session can't be found any more, and is not waited for either."""
    with pytest.raises(TimeoutError):
        runner.sh(f"setsid sh -c 'echo $$ > {noted}; exec sleep 600' & wait", b"", 0.3)
    pid = noted.pid
    assert children() == []
    noted.end()
    assert pid
    runner.stands("a daemon keeps the pipe: the limit holds")


def _with_a_loop(variant: Variant) -> bool:
    return variant.backend is not None and not variant.name.endswith("_mistake")


@pytest.mark.parametrize("script", ["exec sleep 600", "exec cat", "exec yes"])
def test_cancelled_at_any_turn_of_the_loop(runner: Runner, script: str) -> None:
    """From before the child is started until it runs: it ends as cancelled, and no process is there when it does."""
    for turns in range(TURNS):
        runner.call(_cancelled_after, runner, script, turns)
        assert children() == []
    runner.stands("cancelled at any turn")


async def _cancelled_after(runner: Runner, script: str, turns: int) -> None:
    async with runner.cancelled(runner.module.run, ["sh", "-c", script], MUCH * 4):
        for _ in range(turns):
            await anyio.lowlevel.checkpoint()
    assert children() == []


def test_cancelled_with_a_grandchild(runner: Runner, noted: Noted) -> None:
    runner.call(_cancelled_when, runner, f"sleep 600 & echo $! > {noted}; wait", noted)
    assert noted.has_ended()
    runner.stands("cancelled, with a grandchild")


def test_cancelled_when_a_daemon_keeps_the_pipe(runner: Runner, noted: Noted) -> None:
    """Who has left the session is not waited for; by a thread, until the time limit, and no error is lost then."""
    began = time.monotonic()
    runner.call(_cancelled_when, runner, f"setsid sh -c 'echo $$ > {noted}; exec sleep 600' & wait", noted, 1.0)
    assert time.monotonic() - began < LIMIT_S
    noted.end()
    runner.stands("cancelled, a daemon keeps the pipe", "passes: the limit holds" if _in_a_thread(runner) else "passes")


def _in_a_thread(runner: Runner) -> bool:
    return runner.module.__name__.endswith("_to_thread")


async def _cancelled_when(runner: Runner, script: str, noted: Noted, limit: float | None = None) -> None:
    async with runner.cancelled(runner.module.run, ["sh", "-c", script], b"", limit):
        await noted.comes()
    assert children() == []


def test_cancelled_twice(runner: Runner, noted: Noted) -> None:
    """An impatient caller gets no zombie either: the loop reaps what was killed."""

    async def impatient() -> None:
        script = f"echo $$ > {noted}; exec sleep 600"
        task: asyncio.Task[Any] = asyncio.ensure_future(runner.module.run(["sh", "-c", script]))
        await noted.comes()
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        with anyio.fail_after(LIMIT_S):
            while children():  # noqa: ASYNC110  the loop reaps it
                await asyncio.sleep(0.002)

    runner.call(impatient)
    assert children() == []


test_cancelled_at_any_turn_of_the_loop.only = _with_a_loop  # type: ignore[attr-defined]
test_cancelled_when_a_daemon_keeps_the_pipe.only = _with_a_loop  # type: ignore[attr-defined]
test_cancelled_with_a_grandchild.only = _with_a_loop  # type: ignore[attr-defined]
test_cancelled_twice.only = lambda variant: _with_a_loop(variant) and variant.name.startswith("asyncio")  # type: ignore[attr-defined]
