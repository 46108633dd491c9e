"""How it is asked for, what counts, and how it gets along with other reasons to fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

WAITS = """
import asyncio, os, pytest, tools

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio"])]

async def test_waits():
    with tools.slow_pipe() as reader:
        os.read(reader, 1)
"""


def test_all_async_tests_by_the_ini_file(inner: Callable[..., Any]) -> None:
    ran = inner(
        {
            "slow_module.py": "import tools\ntools.waits()",
            "other_slow_module.py": "import tools\ntools.waits()",
            "test_inner.py": """
                import asyncio, os, sys, anyio, compare, pytest, tools

                pytestmark = pytest.mark.anyio

                @pytest.fixture
                def anyio_backend():
                    return "asyncio"

                waits = tools.waits

                @pytest.fixture
                async def prepared():
                    waits()

                async def test_waits():
                    waits()

                def test_sync_is_not_asked():
                    asyncio.run(test_waits())

                @pytest.mark.no_blocking(places=[])
                async def test_switched_off():
                    waits()

                @pytest.mark.no_blocking(threshold_ms=20_000)
                async def test_below_threshold():
                    waits()

                async def test_import():
                    import slow_module

                @pytest.mark.no_blocking(imports=True)
                async def test_import_asked():
                    import other_slow_module

                async def test_setup(prepared):
                    await anyio.sleep(0.2)

                @pytest.mark.no_blocking(setup=True)
                async def test_setup_asked(prepared):
                    pass

                async def test_fails_too():
                    waits()
                    assert "its own" == "reason"

                @pytest.mark.xfail(raises=compare.BlockingError, strict=True)
                async def test_expected():
                    waits()

                async def test_skips():
                    waits()
                    pytest.skip("says the test")

                async def test_gives_up():
                    with anyio.fail_after(0.05):
                        waits()
                        await anyio.sleep(1)

                async def test_gives_up_clean():
                    with anyio.move_on_after(0.2):
                        await anyio.sleep(50)

                @pytest.mark.timeout(0.5, method="signal")
                async def test_time_limit():
                    reader, writer = os.pipe()
                    try:
                        os.read(reader, 1)
                    finally:
                        os.close(reader)
                        os.close(writer)

                async def test_after_that():
                    waits()

                async def test_clean_after_that():
                    await anyio.sleep(0.2)

                @pytest.mark.no_blocking(threshold=3)
                async def test_no_such_argument():
                    pass

                @pytest.mark.no_blocking(places=["nowhere"])
                async def test_no_such_place():
                    pass
            """,
        },
        ini="no_blocking = true\nno_blocking_threshold_ms = 150\n",
        plugins="anyio timeout",
    )
    lines = {name: ran.line(name) for name in ran.failed}
    assert lines == {
        "test_waits": "os.read(reader, 1)",
        "test_import_asked": "os.read(reader, 1)",
        "test_setup_asked": "os.read(reader, 1)",
        "test_fails_too": 'assert "its own" == "reason"',
        "test_gives_up": lines.get("test_gives_up"),
        "test_time_limit": "os.read(reader, 1)",
        "test_after_that": "os.read(reader, 1)",
        "test_no_such_argument": "",
        "test_no_such_place": "",
    }, ran.output
    assert "TimeoutError" in ran.failures["test_gives_up"]
    assert "Timeout (>0.5s)" in ran.failures["test_time_limit"]
    for name in ("test_fails_too", "test_gives_up", "test_time_limit"):
        assert "the loop waits in `read` for pipe" in ran.section(name)
    assert "unexpected keyword argument 'threshold'" in ran.failures["test_no_such_argument"]
    assert "places must be of loop-thread, lock" in ran.failures["test_no_such_place"]


def test_on_the_command_line_a_path_is_no_number(inner: Callable[..., Any]) -> None:
    ran = inner(WAITS, "--no-blocking", "test_inner.py")
    assert ran.failed == {"test_waits[asyncio]"}, ran.output


def test_threshold_on_the_command_line(inner: Callable[..., Any]) -> None:
    ran = inner(WAITS, "test_inner.py", "--no-blocking=20000")
    assert ran.status == 0, ran.output
    assert ran.failures == {"test_waits[asyncio]": None}


def test_a_threshold_that_is_none(inner: Callable[..., Any]) -> None:
    ran = inner(WAITS, "--no-blocking=soon")
    assert ran.status == 4
    assert "--no-blocking must be a number of milliseconds above 0, not 'soon'" in ran.output
