"""Whoever runs the test, on whatever backend: the guilty fail with the right line, the clean pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

BACKENDS = ("asyncio", "uvloop", "trio")


def test_anyio_on_each_backend(inner: Callable[..., Any]) -> None:
    ran = inner("""
        import os, pytest, anyio, tools
        pytestmark = [pytest.mark.anyio, pytest.mark.no_blocking(threshold_ms=150)]

        @pytest.fixture
        async def prepared():
            with tools.slow_pipe() as reader:
                os.read(reader, 1)

        async def test_waits():
            with tools.slow_pipe() as reader:
                await anyio.sleep(0.01)
                os.read(reader, 1)

        async def test_hands_it_over(prepared):
            with tools.slow_pipe() as reader:
                await anyio.to_thread.run_sync(os.read, reader, 1)
            await anyio.sleep(0.1)
    """)
    assert ran.failed == {f"test_waits[{backend}]" for backend in BACKENDS}, ran.output
    for name in ran.failed:
        assert ran.line(name) == "os.read(reader, 1)"
        assert ran.field(name, "place") == "loop-thread"
        assert ran.field(name, "call") == "read"
        assert ran.field(name, "target").startswith("pipe ")
        assert ran.field(name, "way out")


def test_pytest_asyncio_and_pytest_trio(inner: Callable[..., Any]) -> None:
    ran = inner(
        """
        import os, asyncio, pytest, pytest_asyncio, pytest_trio, trio, tools

        pytestmark = pytest.mark.no_blocking(threshold_ms=150)

        @pytest_asyncio.fixture
        async def prepared():
            tools.waits()

        @pytest.mark.asyncio
        async def test_asyncio_waits():
            with tools.slow_pipe() as reader:
                os.read(reader, 1)

        @pytest.mark.asyncio
        async def test_asyncio_clean(prepared):
            await asyncio.sleep(0.2)

        @pytest_trio.trio_fixture
        async def trio_prepared():
            tools.waits()

        @pytest.mark.trio
        async def test_trio_waits():
            with tools.slow_pipe() as reader:
                os.read(reader, 1)

        @pytest.mark.trio
        async def test_trio_clean(trio_prepared):
            await trio.sleep(0.2)
        """,
        plugins="asyncio trio",
    )
    assert ran.failed == {"test_asyncio_waits", "test_trio_waits"}, ran.output
    assert {ran.line(name) for name in ran.failed} == {"os.read(reader, 1)"}


def test_loops_that_the_test_itself_runs(inner: Callable[..., Any]) -> None:
    ran = inner("""
        import asyncio, os, threading, unittest, pytest, tools, trio, uvloop

        pytestmark = pytest.mark.no_blocking(threshold_ms=150)

        async def waits():
            with tools.slow_pipe() as reader:
                os.read(reader, 1)

        @pytest.mark.parametrize("run", [asyncio.run, uvloop.run, trio.run], ids=["asyncio", "uvloop", "trio"])
        def test_runs(run):
            run(waits if run is trio.run else waits())

        @pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
        def test_elsewhere(run):
            thread = threading.Thread(target=lambda: run(waits()))
            thread.start()
            thread.join()

        def test_no_loop():
            with tools.slow_pipe() as reader:
                os.read(reader, 1)

        class TestCase(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self):
                pass

            async def test_unittest_waits(self):
                await waits()

            async def test_unittest_clean(self):
                await asyncio.sleep(0.1)
    """)
    guilty = {f"test_runs[{backend}]" for backend in BACKENDS} | {"test_elsewhere[asyncio]", "test_elsewhere[uvloop]"}
    assert ran.failed == guilty | {"test_unittest_waits"}, ran.output
    assert {ran.line(name) for name in ran.failed} == {"os.read(reader, 1)"}


def test_a_long_test_of_pytest_trio_costs_no_sampler(inner: Callable[..., Any]) -> None:
    ran = inner(
        """
        import pytest, trio
        from async_io_cookbook.observe.in_process import session

        samplers = set()

        @pytest.mark.trio
        @pytest.mark.no_blocking(threshold_ms=20)
        @pytest.mark.parametrize("n", range(6))
        async def test_long(n):
            samplers.add(session.current().pid)
            await trio.sleep(0.05)
            assert len(samplers) == 1
        """,
        plugins="trio",
    )
    assert ran.failed == set(), ran.output
    assert len(ran.failures) == 6
    assert "not seen" not in ran.output
