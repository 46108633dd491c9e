"""The part of the pytest plugin that works: observes each test that is asked for, and fails it with what was found.

Only the test itself is observed (`pytest_runtest_call`), whoever runs it: anyio, pytest-asyncio, pytest-trio (whose
fixtures are set up in that phase too, so there it is the test's own coroutine), unittest, or a plain function that
starts loops of its own. The sampler is started before the first such test's fixtures are, so that its descriptors are
there when a fixture that looks for leaks counts for the first time.
"""

from __future__ import annotations

import functools
import inspect
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ..observe.in_process import session
from ..observe.in_process import watch as watching
from ..observe.started.observer import ObserverError
from ..report import failure
from ..results import Site
from .allowed_sites import ini_entries
from .blamed_line import located
from .requirement import Requirement, requirement
from .settings import MARKER, NoBlockingWarning, is_asked, threshold_ms
from .unneeded_sites import Ledger, is_whole

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from ..results import Finding


_REQUIREMENT = pytest.StashKey[Requirement]()
_WINDOW = pytest.StashKey[watching.Window]()
_OPENS_ITSELF = pytest.StashKey[bool]()


class Guard:
    """Observes the tests of one process."""

    def __init__(self, config: pytest.Config) -> None:
        """Read what the session asks for."""
        self._config = config
        self._default_ms = threshold_ms(config)
        self._allow = ini_entries(config.getini(f"{MARKER}_allow"))
        self._told: set[str] = set()
        self.ledger = Ledger(config)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Before any fixture: have the sampler at its post."""
        __tracebackhide__ = True
        if not is_asked(item):
            return (yield)
        try:
            item.stash[_REQUIREMENT] = asked = requirement(item, self._default_ms, self._allow)
        except ValueError as error:
            yield  # or what tears it down would not find what it looks for
            pytest.fail(str(error), pytrace=False)
        try:
            session.session().ready()
        except ObserverError as error:
            self._tell(item, f"{MARKER} can't observe this test: {error}")
            del item.stash[_REQUIREMENT]
            return (yield)
        if isinstance(item, pytest.Function) and _runs_in_pytest_trio(item):
            _watch_coroutine(item)
        if asked.setup:
            return (yield from self._guarded(item, "setup", self._window(asked)))
        return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Around the test, and nothing else."""
        __tracebackhide__ = True
        asked = item.stash.get(_REQUIREMENT, None)
        if asked is None or not asked.places:
            return (yield)
        item.stash[_WINDOW] = window = self._window(asked)
        return (yield from self._guarded(item, "call", window, by_itself=item.stash.get(_OPENS_ITSELF, False)))

    def _window(self, asked: Requirement) -> watching.Window:
        return watching.Window(asked.threshold_ms, asked.places, asked.imports)

    def _guarded(
        self, item: pytest.Item, when: str, window: watching.Window, *, by_itself: bool = False
    ) -> Generator[None, Any, Any]:
        __tracebackhide__ = True
        if not by_itself:
            window.open()
        try:
            result = yield
        except BaseException:  # pytest's own outcomes are no `Exception`; a failure of the test comes first
            if found := self._found(item, window):
                item.add_report_section(when, MARKER, failure.text(found, window.threshold_ms))
            raise
        found = self._found(item, window)
        self.ledger.seen.update(item.stash[_REQUIREMENT].allow)
        if found:
            error = watching.BlockingError(failure.text(found, window.threshold_ms))
            raise located(error, found[0].site or _own_site(item))
        return result

    def _found(self, item: pytest.Item, window: watching.Window) -> Sequence[Finding]:
        try:
            window.close()
            findings = window.findings()
        except ObserverError as error:
            self._tell(item, f"{MARKER} could not observe this test: {error}")
            session.close()
            return ()
        for missing in window.missing:
            self._tell(item, f"{MARKER} sees less here: {missing}")
        return [finding for finding in findings if not self._is_allowed(item, finding)]

    def _is_allowed(self, item: pytest.Item, finding: Finding) -> bool:
        covering = [one for one in item.stash[_REQUIREMENT].allow if one.covers(finding.site, self._config.rootpath)]
        self.ledger.used.update(covering)
        return bool(covering)

    def _tell(self, item: pytest.Item, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            item.warn(NoBlockingWarning(text))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Tell of exceptions that nobody needs; a worker of xdist's tells its controller."""
        self.ledger.whole = is_whole(session)
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[MARKER] = self.ledger.packed()
        else:
            self.ledger.warn(session)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what the run failed for, where a warning is an error."""
        self.ledger.summarize(terminalreporter)


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
