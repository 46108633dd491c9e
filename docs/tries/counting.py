"""The hops of some work: what its event loop's executor is given."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Telling(asyncio.SelectorEventLoop):
    """Keeps the names of the functions that are handed to a thread."""

    def __init__(self) -> None:
        """None so far."""
        super().__init__()
        self.handed: list[str] = []

    def run_in_executor(self, executor: Any, func: Any, *arguments: Any) -> Any:  # type: ignore[override]
        """Each call is a hop."""
        self.handed.append(getattr(func, "func", func).__name__)
        return super().run_in_executor(executor, func, *arguments)


def hops(work: Coroutine[Any, Any, object]) -> list[str]:
    """Run it to its end, and return what was handed to a thread meanwhile."""
    loop = Telling()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(work)
    return loop.handed
