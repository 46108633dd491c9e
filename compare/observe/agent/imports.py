"""Opens each door once its library is there: at once, or as soon as the program has imported it.

A door is a module in `doors` with three names: `MODULE`, the module that it waits for; `fits(module)`, which looks at
what it is about to touch and returns `None`, or a sentence that says what can't be seen and why; and
`open_door(module, agent)`. It is found by lying there.
"""

from __future__ import annotations

import importlib
import os
import sys

from .guard import unseen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

    from .notes import Agent

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "doors")  # noqa: PTH100, PTH118, PTH120  a start


def doors() -> list[Any]:
    """Return all doors, by name."""
    names = sorted(name[:-3] for name in os.listdir(FOLDER) if name.endswith(".py") and not name.startswith("_"))  # noqa: PTH208  see above
    return [importlib.import_module(f".doors.{name}", __package__) for name in names]


def open_doors(agent: Agent) -> Callable[[], None]:
    """Open each door whose library is there, and each other one as soon as the program has imported it.

    Returns what ends the waiting for imports.
    """
    waiting: dict[str, list[Any]] = {}
    for door in doors():
        if door.MODULE in sys.modules:
            _open(door, sys.modules[door.MODULE], agent)
        else:
            waiting.setdefault(door.MODULE, []).append(door)
    finder = _AfterImport(waiting, agent)
    sys.meta_path.insert(0, finder)
    return finder.leave


def _open(door: Any, module: ModuleType, agent: Agent) -> None:
    def knock() -> None:
        declined = door.fits(module)
        if declined is None:
            door.open_door(module, agent)
        else:
            agent.not_seen(declined)

    agent.guard(f"how {door.MODULE} is made")(knock)()


class _AfterImport:
    """Finds nothing itself: asks the finders that come after it, and opens doors once their module has run."""

    def __init__(self, waiting: dict[str, list[Any]], agent: Agent) -> None:
        self._waiting, self._agent = waiting, agent

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return what the next finder finds; one that is waited for opens its doors when it has been loaded."""
        finders = list(sys.meta_path)  # as it is now: another thread may have opened the last door meanwhile
        if name not in self._waiting or self not in finders:
            return None
        for finder in finders[finders.index(self) + 1 :]:
            find = getattr(finder, "find_spec", None)
            if find is not None and (spec := find(name, path, target)) is not None:
                found: ModuleSpec = spec
                self._agent.guard(f"the import of {name}")(self._follow)(found)
                return found
        return None

    def leave(self) -> None:
        """Wait for no import any more."""
        self._waiting.clear()
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def _follow(self, spec: ModuleSpec) -> None:
        loader: Any = spec.loader
        if loader is None or isinstance(loader, type) or not hasattr(loader, "exec_module"):
            self._agent.not_seen(f"what {spec.name} does: it is loaded in a way that is not known here")
            return
        plain: Callable[[ModuleType], object] = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            vars(loader).pop("exec_module", None)
            try:
                plain(module)
            except BaseException as error:
                unseen(error)  # among importlib's own frames, which are not shown where nothing lies between them
                raise
            self._agent.guard(f"the import of {spec.name}")(self._loaded)(spec.name, module)

        loader.exec_module = exec_module

    def _loaded(self, name: str, module: ModuleType) -> None:
        for door in self._waiting.pop(name, ()):
            _open(door, module, self._agent)
        if not self._waiting and self in sys.meta_path:
            sys.meta_path.remove(self)
