"""Under pytest-xdist, the side that hands out the tests: gathers what the workers have to tell at the end."""

from __future__ import annotations

from typing import Any

import pytest

from .not_seen import NotSeen
from .settings import MARKER
from .unneeded_sites import Ledger


class Controller:
    """Tells once what several workers know."""

    def __init__(self, config: pytest.Config) -> None:
        """Begin with nothing."""
        self._ledger = Ledger(config)
        self._ledger.whole = True
        self._not_seen = NotSeen()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: Any) -> None:
        """A worker has ended."""
        output = getattr(node, "workeroutput", {})
        if MARKER in output:
            ledger, not_seen = output[MARKER]
            self._ledger.unpack(ledger)
            self._not_seen.unpack(not_seen)
        self._ledger.whole &= not error

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """All of them have."""
        self._ledger.whole &= not (session.testsfailed or session.shouldstop or session.shouldfail)
        self._ledger.warn(session)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what could not be seen, and what the run failed for where a warning is an error."""
        self._not_seen.summarize(terminalreporter)
        self._ledger.summarize(terminalreporter)
