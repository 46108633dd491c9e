"""The pytest plugin: a test that is asked to may not block its event loop.

Ask for one test with the marker `no_blocking`, for every async test with `--no-blocking[=MS]` or the ini option
`no_blocking`. Until one is collected that is asked, this module, `fixtures` and `settings` are all there is of the
plugin: it imports nothing, starts nothing, and has no hook around a test. `guard` does the work.
"""

from __future__ import annotations

import contextlib
import copy
from typing import TYPE_CHECKING

import pytest

from . import fixtures
from .settings import (
    BASELINE_OPTION,
    DESELECTED,
    JSON_OPTION,
    MARKER,
    OPTION,
    STRICT,
    STRICT_OPTION,
    THRESHOLD_MS,
    for_all,
    is_asked,
    threshold_ms,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

MARKER_HELP = (
    f"{MARKER}(threshold_ms={THRESHOLD_MS:g}, places=[...], allow={{'file.py::function': 'reason'}}, setup=False, "
    "imports=False, strict=False): fail the test when something keeps an event loop's thread for threshold_ms or "
    "longer; strict: when it makes any call that may block, whatever that took"
)


STARTED = pytest.StashKey[bool]()
"""Whether this session started the sampler: a session that runs inside another's test finds one."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option and the ini options."""
    group = parser.getgroup(MARKER, "event loops that may not be blocked (async-io-cookbook)")
    group.addoption(
        OPTION, nargs="?", const="", default=None, metavar="MS", dest=MARKER,
        help=f"fail every async test that keeps an event loop's thread for MS milliseconds (default: {THRESHOLD_MS:g})",
    )  # fmt: skip
    group.addoption(
        STRICT_OPTION, action="store_true", dest=STRICT,
        help="fail every async test that makes a call that may block in an event loop's thread, whatever it took",
    )  # fmt: skip
    group.addoption(
        JSON_OPTION, metavar="FILE", dest=f"{MARKER}_json", help="write what each test that was asked waited for",
    )  # fmt: skip
    group.addoption(
        BASELINE_OPTION, metavar="FILE", dest=f"{MARKER}_baseline",
        help=f"fail a test only for what is new or longer than in an earlier run, whose {JSON_OPTION} this is",
    )  # fmt: skip
    parser.addini(STRICT, f"as {STRICT_OPTION}, in every run", type="bool", default=False)
    parser.addini(MARKER, f"as {OPTION}, in every run", type="bool", default=False)
    parser.addini(f"{MARKER}_threshold_ms", f"what counts, in milliseconds (default: {THRESHOLD_MS:g})")
    parser.addini(
        f"{MARKER}_allow", "what may block all the same, a line each: `file.py::function: reason`", type="linelist"
    )


def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser, args: list[str]) -> None:
    """In `pytest --no-blocking tests`, `tests` is a path: only what stands behind `=` is the option's."""
    end = args.index("--") if "--" in args else len(args)
    if OPTION in args[:end]:
        args[:end] = [f"{OPTION}=" if arg == OPTION else arg for arg in args[:end]]
        early_config.known_args_namespace = parser.parse_known_args(args, namespace=copy.copy(early_config.option))


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known; refuse what can't be understood while it costs nothing."""
    config.addinivalue_line("markers", MARKER_HELP)
    if not config.pluginmanager.is_registered(fixtures):
        config.pluginmanager.register(fixtures, f"{MARKER}_fixtures")
    threshold_ms(config)
    allow = config.getini(f"{MARKER}_allow")
    if allow:
        from .allowed_sites import ini_entries  # noqa: PLC0415  only where there is something to check

        ini_entries(allow)
    if config.option.no_blocking_baseline is not None or config.option.no_blocking_json is not None:
        from .earlier_run import check  # noqa: PLC0415  as above

        check(config)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Where all async tests are asked, start the sampler while they are collected: it is at its post by then."""
    config = session.config
    if config.pluginmanager.hasplugin("dsession"):  # pytest-xdist's side that hands out the tests
        from .xdist_controller import Controller  # noqa: PLC0415  inert until here

        config.pluginmanager.register(Controller(config), f"{MARKER}_controller")
    elif for_all(config) and not config.option.collectonly:
        start(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The sampler ends with the session that started it."""
    if config.stash.get(STARTED, False):
        from ..observe.in_process import session  # noqa: PLC0415  it is imported already

        session.close()


def start(config: pytest.Config) -> None:
    """Start the sampler, if there is none, and don't wait for it; what hinders it is told at the first test."""
    from ..observe.in_process import session  # noqa: PLC0415  inert until here

    with contextlib.suppress(Exception):
        config.stash[STARTED] = session.begin() or config.stash.get(STARTED, False)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Note that not all tests run."""
    if items:
        items[0].config.stash[DESELECTED] = True


def pytest_collection_finish(session: pytest.Session) -> None:
    """Go to work, if there is any."""
    config = session.config
    if config.option.collectonly or config.pluginmanager.hasplugin(f"{MARKER}_guard"):
        return
    if any(is_asked(item) for item in session.items):
        from .guard import Guard  # noqa: PLC0415  inert until here

        start(config)
        config.pluginmanager.register(Guard(config), f"{MARKER}_guard")
