"""The part of the pytest plugin that works: observes each test that is asked for, and fails it with what was found.

Only the test itself is observed (`pytest_runtest_call`), whoever runs it: anyio, pytest-asyncio, pytest-trio (whose
fixtures are set up in that phase too, so there it is the test's own coroutine), unittest, or a plain function that
starts loops of its own. The sampler is started before the first test is, so that its descriptors are there when a
fixture that looks for leaks counts for the first time; one that is lost is replaced before the next test's fixtures.
"""

from __future__ import annotations

import functools
import inspect
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ..observe.in_process.strict_window import StrictWindow
from ..observe.in_process.watch import BlockingError
from ..observe.in_process.window import Window
from ..report import failure
from ..results import Site
from .allowed_sites import ini_entries
from .blamed_line import located
from .earlier_run import Runs
from .not_seen import NotSeen
from .requirement import Requirement, requirement
from .settings import MARKER, is_asked, is_strict, threshold_ms
from .unneeded_sites import Ledger, is_whole

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..results import Finding, MayBlock


_REQUIREMENT = pytest.StashKey[Requirement]()
_WINDOW = pytest.StashKey[Window]()
_OPENS_ITSELF = pytest.StashKey[bool]()


class Guard:
    """Observes the tests of one process. What goes wrong with that is no test's matter: `NotSeen` tells it."""

    def __init__(self, config: pytest.Config) -> None:
        """Read what the session asks for."""
        self._config = config
        self._default_ms, self._strict = threshold_ms(config), is_strict(config)
        self._allow = ini_entries(config.getini(f"{MARKER}_allow"))
        self._ledger = Ledger(config)
        self._not_seen = NotSeen()
        self._runs = Runs(config)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> None:
        """Before the first test: while the sampler starts it is a child of this process, which a test might see."""
        Window().prepare()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Before any fixture: have the sampler at its post."""
        __tracebackhide__ = True
        if not is_asked(item):
            return (yield)
        try:
            asked = requirement(item, self._default_ms, self._allow, strict=self._strict)
        except ValueError as error:
            yield  # or what tears it down would not find what it looks for
            pytest.fail(str(error), pytrace=False)
        if not self._prepare(item, asked):
            return (yield)
        item.stash[_REQUIREMENT] = asked
        if isinstance(item, pytest.Function) and _runs_in_pytest_trio(item):
            _watch_coroutine(item)
        if asked.setup:
            return (yield from self._guarded(item, "setup", _window(asked)))
        return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Around the test, and nothing else."""
        __tracebackhide__ = True
        asked = item.stash.get(_REQUIREMENT, None)
        if asked is None or not asked.places:
            return (yield)
        item.stash[_WINDOW] = window = _window(asked)
        return (yield from self._guarded(item, "call", window, by_itself=item.stash.get(_OPENS_ITSELF, False)))

    def _prepare(self, item: pytest.Item, asked: Requirement) -> bool:
        window = _window(asked)
        window.prepare()
        for why in window.missing:
            self._not_seen.note(item.nodeid, why)
        return not window.missing

    def _guarded(self, item: pytest.Item, when: str, window: Window, *, by_itself: bool = False) -> Any:
        __tracebackhide__ = True
        if not by_itself:
            window.open()
        try:
            result = yield
        except BaseException:  # pytest's own outcomes are no `Exception`; a failure of the test comes first
            if error := self._error(item, window):
                item.add_report_section(when, MARKER, str(error))
            raise
        self._ledger.seen.update(item.stash[_REQUIREMENT].allow)
        if error := self._error(item, window):
            raise error
        return result

    def _error(self, item: pytest.Item, window: Window) -> BlockingError | None:
        """What a test is failed with, if it is."""
        try:
            window.close()
            window.collect()
            found = [finding for finding in window.findings if not self._is_allowed(item, finding)]
            calls = [call for call in window.may_block if not (self._is_allowed(item, call) or _is_told(call, found))]
            for why in window.missing:
                self._not_seen.note(item.nodeid, why)
            asked = item.stash[_REQUIREMENT]
            item.user_properties += [(MARKER, line) for line in failure.lines(found, calls)]
            found, calls = self._runs.counted(item.nodeid, window, asked.threshold_ms, found, calls)
            if not found and not calls:
                return None
            error = BlockingError(failure.text(found, asked.threshold_ms, calls, strict=asked.strict))
            return located(error, (found or calls)[0].site or _own_site(item))
        except Exception as error:  # noqa: BLE001  ours, and no test's fault
            self._not_seen.note(item.nodeid, f"the plugin failed: {type(error).__name__}: {error}")
            return None

    def _is_allowed(self, item: pytest.Item, finding: Finding | MayBlock) -> bool:
        covering = [one for one in item.stash[_REQUIREMENT].allow if one.covers(finding.site, self._config.rootpath)]
        self._ledger.used.update(covering)
        return bool(covering)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Tell of exceptions that nobody needs; a worker of xdist's tells its controller."""
        self._ledger.whole = is_whole(session)
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[MARKER] = (self._ledger.packed(), self._not_seen.packed(), self._runs.packed())
        else:
            self._ledger.warn(session)
            self._runs.write()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what could not be seen, and what the run failed for where a warning is an error."""
        self._not_seen.summarize(terminalreporter)
        self._ledger.summarize(terminalreporter)
        self._runs.summarize(terminalreporter)


def _window(asked: Requirement) -> Window:
    if asked.strict:
        return StrictWindow(places=asked.places, imports=asked.imports, allowed_ms=asked.threshold_ms)
    return Window(asked.threshold_ms, asked.places, asked.imports)


def _is_told(call: MayBlock, found: list[Finding]) -> bool:
    """Whether a finding tells of the same line, and how long it took."""
    return call.site is not None and any(call.site == finding.site for finding in found)


def _own_site(item: pytest.Item) -> Site | None:
    """Where the test is defined: for what is no single line's fault."""
    path, line, _ = item.reportinfo()
    return (
        Site(str(path), line + 1, item.originalname if isinstance(item, pytest.Function) else item.name)
        if line
        else None
    )


def _runs_in_pytest_trio(item: pytest.Item) -> bool:
    if item.get_closest_marker("trio") is None or "pytest_trio.plugin" not in sys.modules:
        return False
    return inspect.iscoroutinefunction(getattr(item, "obj", None))


def _watch_coroutine(item: pytest.Function) -> None:
    """Let the test open its window itself: around it, in the same phase, pytest-trio sets up its fixtures."""
    function = item.obj

    @functools.wraps(function)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        window = item.stash.get(_WINDOW, None)
        if window is None:
            return await function(*args, **kwargs)
        window.open()
        try:
            return await function(*args, **kwargs)
        finally:
            window.close()

    item.obj = watched
    item.stash[_OPENS_ITSELF] = True
