"""Under pytest-xdist, the side that hands out the tests: gathers what the workers have to tell at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .not_seen import NotSeen
from .settings import MARKER
from .unneeded_sites import Ledger

if TYPE_CHECKING:
    from .earlier_run import Runs


class Controller:
    """Tells once what several workers know."""

    def __init__(self, config: pytest.Config) -> None:
        """Begin with nothing."""
        self._ledger = Ledger(config)
        self._ledger.whole = True
        self._not_seen = NotSeen()
        self._runs = _runs(config)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: Any) -> None:
        """A worker has ended."""
        output = getattr(node, "workeroutput", {})
        if MARKER in output:
            ledger, not_seen, runs = output[MARKER]
            self._ledger.unpack(ledger)
            self._not_seen.unpack(not_seen)
            if self._runs is not None:
                self._runs.unpack(runs)
        self._ledger.whole &= not error

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """All of them have."""
        self._ledger.whole &= not (session.testsfailed or session.shouldstop or session.shouldfail)
        self._ledger.warn(session)
        if self._runs is not None:
            self._runs.write()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what could not be seen, and what the run failed for where a warning is an error."""
        self._not_seen.summarize(terminalreporter)
        self._ledger.summarize(terminalreporter)
        if self._runs is not None:
            self._runs.summarize(terminalreporter)


def _runs(config: pytest.Config) -> Runs | None:
    if config.option.no_blocking_json is None and config.option.no_blocking_baseline is None:
        return None
    from .earlier_run import Runs  # noqa: PLC0415  only where it is asked for

    return Runs(config)
