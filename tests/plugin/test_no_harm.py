"""What goes wrong with observing is no test's matter: it goes on as it would without us, and is told once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = """
import asyncio, os, signal, time
import anyio, pytest, tools
from async_io_cookbook.observe.in_process import own_agent, session

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.no_blocking(threshold_ms=100),
    pytest.mark.parametrize("anyio_backend", ["asyncio"]),
]
"""


@pytest.mark.parametrize("workers", [[], ["-n", "1"]], ids=["alone", "xdist"])
def test_the_sampler_is_killed_in_a_test(inner: Callable[..., Any], workers: list[str]) -> None:
    ran = inner(
        HEAD
        + """
async def test_before():
    tools.waits()

async def test_killed():
    os.kill(session.current().pid, signal.SIGKILL)
    tools.waits()

async def test_killed_at_the_end():
    await anyio.sleep(0.15)
    os.kill(session.current().pid, signal.SIGKILL)

async def test_after():
    tools.waits()
""",
        *workers,
        "-W",
        "error",
        plugins="anyio xdist",
    )
    assert ran.failed == {"test_before[asyncio]", "test_after[asyncio]"}, ran.output
    told = [line for line in ran.output.splitlines() if "not seen" in line]
    assert told == ["no_blocking: not seen in test_inner.py::test_killed[asyncio] and 1 more: the sampler has ended"]


def test_the_sampler_is_killed_each_time(inner: Callable[..., Any]) -> None:
    ran = inner(
        HEAD
        + """
@pytest.mark.parametrize("n", range(7))
async def test_killed(n):
    if session.is_ready():
        os.kill(session.current().pid, signal.SIGKILL)
    tools.waits()
"""
    )
    assert ran.status == 0, ran.output
    assert "and 3 more: the sampler has ended" in ran.output
    assert "and 2 more: the sampler was lost more than 3 times, and is not started again" in ran.output


def test_the_sampler_does_not_answer(inner: Callable[..., Any]) -> None:
    ran = inner(
        HEAD
        + """
async def test_stopped():
    session.ANSWER_S = 0.5
    os.kill(session.current().pid, signal.SIGSTOP)
    tools.waits()
"""
    )
    assert ran.status == 0, ran.output
    assert "the sampler has not answered for 0.5 s" in ran.output


def test_a_part_of_ours_raises(inner: Callable[..., Any]) -> None:
    ran = inner(
        HEAD
        + """
@pytest.fixture(params=["note", "note_loop_here"])
def broken(request, monkeypatch):
    def raises(*_, **__):
        raise ZeroDivisionError(request.param)
    monkeypatch.setattr(own_agent, request.param, raises)

async def test_goes_on(broken):
    await anyio.sleep(0.15)
""",
        "-W",
        "error",
    )
    assert ran.status == 0, ran.output
    assert len(ran.failures) == 2
    for name in ("note", "note_loop_here"):
        assert f"the observer failed: ZeroDivisionError: {name}" in ran.output


def test_time_stands_still(inner: Callable[..., Any]) -> None:
    ran = inner(
        HEAD
        + """
@pytest.fixture(autouse=True)
def frozen(monkeypatch):
    for name in ("time", "monotonic_ns", "time_ns"):
        monkeypatch.setattr(time, name, lambda: 1)

async def test_blocks():
    tools.waits()

async def test_clean():
    await anyio.sleep(0.2)
"""
    )
    assert ran.failed == {"test_blocks[asyncio]"}, ran.output


GUARDED = """
import contextlib, os, time
import anyio, pytest, tools
import async_io_cookbook
from blockbuster import blockbuster_ctx

def waits():
    end = time.thread_time() + 0.3
    while time.thread_time() < end:
        pass
"""


def test_blockbuster_finds_no_call_of_ours_in_a_test(inner: Callable[..., Any]) -> None:
    ran = inner(
        GUARDED
        + """
pytestmark = [pytest.mark.anyio, pytest.mark.no_blocking(threshold_ms=100)]

@pytest.fixture(autouse=True)
def guard():
    with blockbuster_ctx():
        yield

async def test_clean():
    await anyio.to_thread.run_sync(time.sleep, 0.2)
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep, 0.1)

async def test_computes():
    waits()
"""
    )
    assert ran.failed == {f"test_computes[{backend}]" for backend in ("asyncio", "uvloop", "trio")}, ran.output


def test_blockbuster_finds_no_call_of_ours_in_a_watch(inner: Callable[..., Any]) -> None:
    ran = inner(
        GUARDED
        + """
pytestmark = pytest.mark.anyio

async def test_watch():
    with blockbuster_ctx():
        for _ in range(2):
            with async_io_cookbook.watch(threshold_ms=100) as sync:
                waits()
            async with async_io_cookbook.watch(threshold_ms=100) as aside:
                waits()
            for seen in (sync, aside):
                assert seen.missing == ()
                assert [finding.site.function for finding in seen.findings] == ["waits"]
"""
    )
    assert ran.status == 0, ran.output
    assert len(ran.failures) == 3
