"""Which suites there are, what each needs, and how it is started."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

MODULES = (
    "test_asyncio", "test_concurrent_futures", "test_threading", "test_subprocess", "test_signal",
    "test_multiprocessing_fork", "test_multiprocessing_spawn.test_threads", "test_multiprocessing_forkserver.test_misc",
    "test_gc", "test_weakref", "test_sys_settrace", "test_tracemalloc", "test_audit", "test_runpy", "test_site",
)  # fmt: skip
POOLS = "test_concurrent_futures" + (".test_thread_pool" if sys.version_info >= (3, 12) else "")
QUICK = ("test_asyncio.test_tasks", "test_asyncio.test_events", "test_threading", POOLS)
IN_QUICK = ("*asyncio*", "*threading*", "*thread_pool*", "*ThreadPool*")
"""Of 3.11's pools, which are one module, those of threads."""


@dataclass(frozen=True, slots=True)
class Suite:
    """Somebody's tests.

    Attributes:
        name: of the distribution, or of ours for CPython's own.
        arguments: what is given to pytest, or to CPython's runner.
        needs: what its tests need beside the distribution, as pip is given it.
        folder: where it is started; `None`: in the distribution's own sources, which are fetched.
            A relative one is made.
        is_cpythons: whether it is run by CPython's own runner, which knows no plugin of pytest.
    """

    name: str
    arguments: tuple[str, ...]
    needs: tuple[str, ...] = ()
    folder: Path | None = None
    is_cpythons: bool = False


_RUNNER = ("--fail-env-changed", "--timeout", "600")
_PYTEST = ("pytest", "pytest-timeout")
_ALL = (
    Suite("cpython", (*_RUNNER, *MODULES), folder=Path("empty"), is_cpythons=True),
    Suite("cpython-quick", (*_RUNNER, *(word for each in IN_QUICK for word in ("-m", each)), *QUICK),
          folder=Path("empty"), is_cpythons=True),
    Suite("cpython-pytest", ("--pyargs", "test.test_asyncio.test_tasks", "test.test_asyncio.test_events",
          "test.test_threading", "-o", "python_classes="), _PYTEST, folder=Path("empty")),
    Suite("aiofiles", ("tests",), (*_PYTEST, "pytest-asyncio")),
    Suite("aiohttp", ("tests", "-o", "addopts=", "-p", "no:xdist", "-m", "not dev_mode and not autobahn"),
          (*_PYTEST, "aiohttp[speedups]", "blockbuster", "coverage", "freezegun", "isal", "proxy.py", "pytest-codspeed",
           "pytest-mock", "pytest-xdist", "python-on-whales", "re-assert", "trustme", "uvloop", "zlib-ng")),
    Suite("anyio", ("tests",), (*_PYTEST, "blockbuster", "exceptiongroup", "hypothesis", "psutil", "pytest-mock",
          "trio", "trustme", "truststore", "uvloop")),
    Suite("h11", ("h11/tests",), _PYTEST),
    Suite("httpx", ("tests",), (*_PYTEST, "httpx[brotli,http2,socks,zstd]", "chardet", "click", "cryptography",
          "pygments", "trio", "trustme", "uvicorn")),
    Suite("janus", ("tests", "-o", "addopts="), (*_PYTEST, "pytest-asyncio", "pytest-codspeed")),
    Suite("starlette", ("tests",), (*_PYTEST, "starlette[full]", "blockbuster", "opentelemetry-sdk", "trio",
          "typing_extensions")),
    Suite("structlog", ("tests",), (*_PYTEST, "pretend", "pytest-asyncio", "rich", "simplejson", "time-machine")),
    Suite("tenacity", ("tests",), (*_PYTEST, "tornado", "trio", "typeguard")),
    Suite("tornado", ("--pyargs", "tornado.test"), _PYTEST),
    Suite("trio", ("--pyargs", "trio", "-p", "trio._tests.pytest_plugin", "--skip-optional-imports",
          "-o", "faulthandler_timeout=0"), (*_PYTEST, "async_generator", "pyopenssl", "trustme")),
    Suite("uvicorn", ("tests",), (*_PYTEST, "uvicorn[standard]", "a2wsgi", "cryptography", "gunicorn", "httpx2",
          "pytest-codspeed", "pytest-mock", "pytest-xdist", "trustme", "typing-extensions", "wsproto")),
)  # fmt: skip
SUITES = {suite.name: suite for suite in _ALL}


def named(name: str) -> Suite:
    """Return a suite by its name, one of CPython's own test modules, or that of a folder, with the Python that runs us.

    Raises:
        ValueError: there is none; one line.
    """
    if name in SUITES:
        return SUITES[name]
    if Path(name).is_dir():
        return Suite(Path(name).resolve().name, (), folder=Path(name).resolve())
    if name.startswith("test_"):
        return Suite(name, (*_RUNNER, name), folder=Path("empty"), is_cpythons=True)
    message = f"{name!r} is no suite: expected a folder, a module of CPython's tests, or one of {', '.join(SUITES)}"
    raise ValueError(message)
