"""What may block all the same, with a reason, and for as long as it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = {
    "app.py": """
        import os, tools

        class Settings:
            def load(self):
                with tools.slow_pipe() as reader:
                    os.read(reader, 1)
    """,
    "test_inner.py": """
        import app, pytest, tools

        pytestmark = pytest.mark.anyio

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        async def test_allowed():
            app.Settings().load()

        @pytest.mark.no_blocking(allow={"tools.py::waits": "no business of this test"})
        async def test_allowed_here():
            tools.waits()

        @pytest.mark.no_blocking(allow={"app.py::long_gone": "was slow once"})
        async def test_needs_no_exception():
            pass

        async def test_not_allowed():
            tools.waits()
    """,
}
INI = """
no_blocking = true
no_blocking_threshold_ms = 150
no_blocking_allow =
    app.py::load: read once, at the start
    app.py::Settings.save: nobody knows any more
"""
HERE = "nothing needs the no_blocking exception app.py::long_gone any longer (was slow once): remove it"
EVERYWHERE = (
    "nothing needs the no_blocking exception app.py::Settings.save any longer (nobody knows any more): remove it"
)


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_exceptions_that_nobody_needs(inner: Callable[..., Any], workers: list[str]) -> None:
    passing = FILES | {"test_inner.py": FILES["test_inner.py"].rpartition("async")[0]}
    ran = inner(passing, *workers, "-W", "error", ini=INI, plugins="anyio xdist")
    assert ran.failed == set(), ran.output
    assert ran.output.count(HERE) == ran.output.count(EVERYWHERE) == 1, ran.output
    assert "app.py::load" not in ran.output
    assert ran.status == 1


def test_what_is_not_excepted_fails(inner: Callable[..., Any]) -> None:
    ran = inner(FILES, "-n", "2", ini=INI, plugins="anyio xdist")
    assert ran.failed == {"test_not_allowed"}, ran.output
    assert ran.line("test_not_allowed") == "os.read(reader, 1)"
    assert ran.output.count(HERE) == 1
    assert EVERYWHERE not in ran.output, "not all tests have passed"


def test_no_complaint_of_a_part_of_the_tests(inner: Callable[..., Any]) -> None:
    ran = inner(FILES, "-k", "allowed_here", ini=INI)
    assert ran.status == 0, ran.output
    assert "nothing needs" not in ran.output


def test_an_exception_gives_its_reason(inner: Callable[..., Any]) -> None:
    ran = inner(FILES, ini="no_blocking_allow =\n    app.py::load\n")
    assert ran.status == 4
    assert "no_blocking_allow: the exception app.py::load must give a reason: `app.py::load: reason`" in ran.output
