"""Which allowed sites nothing needed in a whole session, and a warning of each."""

from __future__ import annotations

import linecache
import warnings
from typing import Any

import pytest

from .allowed_sites import EVERYWHERE, Allowed
from .settings import DESELECTED, MARKER, NoBlockingWarning


class Ledger:
    """Which exceptions there were, and which of them something needed."""

    def __init__(self, config: pytest.Config) -> None:
        """Begin with none."""
        self._config = config
        self.seen: set[Allowed] = set()
        self.used: set[Allowed] = set()
        self.whole = False
        """Whether all tests ran: else an exception of the ini file may be for those that did not."""
        self._errors: list[str] = []

    def packed(self) -> tuple[Any, ...]:
        """Return it as what xdist can send."""
        seen, used = ([(one.owner, one.file, one.function, one.reason) for one in s] for s in (self.seen, self.used))
        return (seen, used, self.whole)

    def unpack(self, packed: tuple[Any, ...]) -> None:
        """Take in what a worker sent."""
        seen, used, whole = packed
        self.seen |= {Allowed(*one) for one in seen}
        self.used |= {Allowed(*one) for one in used}
        self.whole &= whole

    def warn(self, session: pytest.Session) -> None:
        """Warn of each exception that nothing needed."""
        for one in sorted(self.seen - self.used, key=str):
            if one.owner == EVERYWHERE and not self.whole:
                continue
            text = f"nothing needs the {MARKER} exception {one} any longer ({one.reason}): remove it"
            try:
                warnings.warn_explicit(NoBlockingWarning(text), None, *self._where(one))
            except NoBlockingWarning:  # warnings are errors here
                self._errors.append(text)
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _where(self, one: Allowed) -> tuple[str, int]:
        test = self._config.rootpath / one.owner.partition("::")[0]
        path = test if one.owner else self._config.inipath or self._config.rootpath
        lines = linecache.getlines(str(path))
        return str(path), next((number for number, line in enumerate(lines, 1) if str(one) in line), 1)

    def summarize(self, reporter: pytest.TerminalReporter) -> None:
        """Print what was an error."""
        for text in self._errors:
            reporter.write_line(text, red=True)


def is_whole(session: pytest.Session) -> bool:
    """Return whether all tests of the project ran to their end: else the ini file's exceptions may be for others."""
    config = session.config
    if config.stash.get(DESELECTED, False) or session.testsfailed or session.shouldstop or session.shouldfail:
        return False
    roots = [path for pattern in config.getini("testpaths") for path in config.rootpath.glob(pattern)]
    given = [config.invocation_params.dir / arg for arg in config.args]
    return all(any(root.is_relative_to(path) for path in given) for root in roots or [config.rootpath])
