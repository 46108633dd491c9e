"""Whether the program has threads of no pool's: a library's own with its queue, one with a loop, or anything else.

The main thread counts for none, nor do those that a pool makes, whose work is noted as work.
"""

from __future__ import annotations

from types import FunctionType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

POOLS = {"concurrent.futures.thread", "anyio._backends._asyncio"}
"""Whose threads are a pool's: the module of what the thread runs."""


class OthersThreads:
    """Remembers whether there have been any, and tells when there are; safe to call from any thread."""

    def __init__(self) -> None:
        """There may be some, as long as nobody tells when threads begin."""
        self.may_be_there = True
        self._waiting: list[Callable[[], object]] = []

    def are_told(self) -> None:
        """From now on it is told when a thread begins."""
        self.may_be_there = False

    def begins(self, thread: Any, main: type) -> None:
        """A thread of `threading` begins; `main` is the main thread's type."""
        runs = vars(thread).get("_target")
        module = runs.__module__ if type(runs) is FunctionType else type(thread).__module__ if runs is None else None
        if module not in POOLS and not issubclass(type(thread), main):
            self.come()

    def come(self) -> None:
        """There is one."""
        self.may_be_there = True
        waiting, self._waiting = self._waiting, []
        for do in waiting:
            do()

    def when_there(self, do: Callable[[], object]) -> None:
        """Call `do` once there is one."""
        self._waiting.append(do)
        if self.may_be_there:  # it has come just now
            self.come()
