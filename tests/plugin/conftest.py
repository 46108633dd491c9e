"""Runs pytest on tests of ours, in a process of its own, and tells test by test what came of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
import uvloop
from async_io_cookbook.observe.in_process import session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLUGINS = {
    "anyio": "anyio.pytest_plugin",
    "asyncio": "pytest_asyncio.plugin",
    "trio": "pytest_trio.plugin",
    "xdist": "xdist.plugin",
    "timeout": "pytest_timeout",
}
TOOLS = '''
"""What the inner tests share: waits that end when somebody else says so."""

import contextlib
import os
import queue
import threading
import time

BLOCKS_S = 0.3


def writes():
    while True:
        writer = due.get()
        time.sleep(BLOCKS_S)
        with contextlib.suppress(BrokenPipeError):
            os.write(writer, b"x")
        os.close(writer)


due = queue.SimpleQueue()
"""Pipes to write to. Their thread is there before any test is: a loop that starts one waits until it runs."""

threading.Thread(target=writes, daemon=True).start()


@contextlib.contextmanager
def slow_pipe():
    """A pipe that is written to after a while, by a thread."""
    reader, writer = os.pipe()
    due.put(writer)
    try:
        yield reader
    finally:
        os.close(reader)


def waits():
    with slow_pipe() as reader:
        os.read(reader, 1)


def computes():
    """Takes CPU time, however many others want the CPU."""
    end = time.thread_time() + 2 * BLOCKS_S
    while time.thread_time() < end:
        pass
'''
BACKENDS = """
import pytest

BACKENDS = {"asyncio": ("asyncio", {"use_uvloop": False}), "uvloop": ("asyncio", {"use_uvloop": True}), "trio": "trio"}


@pytest.fixture(params=list(BACKENDS))
def anyio_backend(request):
    return BACKENDS[request.param]
"""


def pytest_configure(config: pytest.Config) -> None:
    """`pytest_plugins` is for the topmost conftest alone."""
    if not config.pluginmanager.hasplugin("pytester"):
        config.pluginmanager.import_plugin("pytester")


@dataclass(frozen=True)
class Ran:
    """What came of an inner run: each test's failure, `None` where it passed; and all that was printed."""

    failures: dict[str, str | None]
    output: str
    status: int

    @property
    def failed(self) -> set[str]:
        return {name for name, text in self.failures.items() if text is not None}

    def section(self, name: str) -> str:
        """What a failure of another kind is told beside it."""
        blocks = re.split(r"^_+ (?:ERROR at setup of )?(\S+) _+$", self.output, flags=re.MULTILINE)
        found = dict(zip(blocks[1::2], blocks[2::2], strict=True))
        return found[name].partition("Captured no_blocking call")[2]

    def line(self, name: str) -> str:
        """The line of code that a failure shows as the one to blame."""
        found = re.search(r"^> +(.*)$", self.failures[name] or "", re.MULTILINE)
        return found[1] if found else ""

    def field(self, name: str, field: str) -> str:
        """One of the fields of a failure: its place, its call, its target."""
        found = re.search(rf"^E +{field}: +(.*)$", self.failures[name] or "", re.MULTILINE)
        return found[1] if found else ""


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run files (name to text) under pytest with our plugin and those named, and nothing else."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(files: dict[str, str] | str, *args: str, plugins: str = "anyio", ini: str = "", conftest: str = "") -> Ran:
        given = {"test_inner.py": files} if isinstance(files, str) else files
        pytester.makefile(".py", tools=TOOLS, conftest=BACKENDS + dedent(conftest))
        for name, text in given.items():
            pytester.path.joinpath(name).write_text(dedent(text))
        strict = "asyncio_mode = strict\nasyncio_default_fixture_loop_scope = function\n"
        pytester.makeini("[pytest]\n" + (strict if "asyncio" in plugins.split() else "") + dedent(ini))
        names = ["async_io_cookbook.pytest_plugin", *(PLUGINS[name] for name in plugins.split())]
        report = pytester.path / "report.xml"
        result = pytester.runpytest_subprocess(
            *(word for name in names for word in ("-p", name)), f"--junitxml={report}", *args, timeout=150
        )
        failures: dict[str, str | None] = {}
        if report.exists():
            for case in ET.parse(report).iter("testcase"):
                bad = [child for child in case if child.tag in {"failure", "error"}]
                failures[case.attrib["name"]] = bad[0].text or "" if bad else None
        return Ran(failures, result.stdout.str() + result.stderr.str(), result.ret)

    return run


@pytest.fixture(scope="module")
def sampler() -> Iterator[None]:
    """Started before each test's descriptors are counted; ended with the tests here if they started it."""
    uvloop.new_event_loop().close()  # the first one of a process opens a pipe for good
    ours = session.begin()
    session.ready()
    yield
    if ours:
        session.close()
