"""The calls of a loop's thread that may block, whatever they took: heard of through Python's audit events (PEP 578).

An audit hook stays for as long as its process lives, and what it raises ends the call that it hears of. So there is one
hook, which is added when it is asked for the first time; it does nothing while nobody listens; what it does is guarded
as the agent's doors are. It neither imports nor waits: it looks at frames and keeps a few names. The verdict is made
when the test has ended.
"""

from __future__ import annotations

import contextlib
import linecache
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

from ...results import MayBlock, Site
from ..agent import install
from ..agent.filenames import is_users
from .audit_events import EVENTS

if TYPE_CHECKING:
    from types import FrameType

    from ..agent.askers import Askers
    from ..agent.notes import Agent

Place = tuple[str, int, str]
"""A file, a line and a function."""

NOWHERE: Place = ("", 0, "")
MOST = 1000
"""How many different calls are kept; more are counted."""
INSTALLED = f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}"
READS_CODE = (
    "<frozen importlib",
    *(function.__code__.co_filename for function in (linecache.getlines, traceback.format_exc)),
)
"""Who reads the program's own code: its imports, and a traceback's lines."""
LOOPS = ("asyncio", "trio")
"""The packages of the event loops: what they do in the loop's thread for who awaits it has no other way."""
HEARD = "calls that may block: the program has audit hooks of its own, which would hear the looks at its lines"
REFUSED = "calls that may block: an audit hook of the program's lets no other be added"

_listening: list[Calls] = []
_is_added = False


class Calls:
    """The calls that were heard of while this listened; `begin` and `end` wait for nothing."""

    def __init__(self, *, imports: bool) -> None:
        """Begin with none; `imports`: whether those count that a module's import makes."""
        self.missing: tuple[str, ...] = ()
        self._imports = imports
        self._loops = loops()
        self._heard: dict[tuple[str, Place], list[Any]] = {}
        self._more = 0

    def begin(self) -> None:
        """Listen from here on."""
        agent = install.installed()
        if agent is None:
            self.missing = ("calls that may block: there is no agent in this process",)
        elif why := _add(agent):
            self.missing = (why,)
        else:
            _listening.append(self)

    def end(self) -> None:
        """Listen no longer."""
        if self in _listening:
            _listening.remove(self)
            if self._more:
                self.missing += (f"calls that may block: {self._more} more than {MOST} different ones",)
            agent = install.installed()
            if agent is not None and agent.askers.are_heard:
                self.missing += (HEARD,)

    def hear(self, event: str, arguments: tuple[Any, ...], askers: Askers) -> None:
        """Keep a call, if it may block and is the program's own."""
        target = EVENTS[event].target(arguments)
        if target is None:
            return
        found = self._place(askers.frame(4), askers)
        if found is None:
            return
        kept = self._heard.get((event, found))
        if kept is not None:
            kept[1] += 1
        elif len(self._heard) < MOST:
            self._heard[event, found] = [target, 1]
        else:
            self._more += 1

    def _place(self, frame: FrameType | None, askers: Askers) -> Place | None:
        """Return whose line calls; `None` for who may: an import, and what the loop's own package does."""
        trail = list(askers.above_loop(frame))
        if not self._imports and any(each.f_code.co_filename.startswith(READS_CODE) for each in trail):
            return None
        callers = [index for index, each in enumerate(trail) if self._is_outside(each.f_code.co_filename)]
        if callers and any(each.f_code.co_filename.startswith(self._loops) for each in trail[: callers[0]]):
            return None
        users = (trail[index] for index in callers if is_users(trail[index].f_code.co_filename))
        caller = next(users, None) or askers.task_frame() or (trail[callers[0]] if callers else None)
        return NOWHERE if caller is None else _of(caller)

    def _is_outside(self, name: str) -> bool:
        """Whether a file is neither the standard library's nor an event loop's."""
        is_installed = INSTALLED[0] in name or INSTALLED[1] in name
        return is_users(name) or (is_installed and not name.startswith(self._loops))

    def told(self) -> tuple[MayBlock, ...]:
        """Return what was heard, one for each line and kind of call, in the order of time."""
        found: dict[Any, MayBlock] = {}
        for (event, place), (target, count) in self._heard.items():
            nature = EVENTS[event].nature
            if (place, nature) not in found:
                site = _site(place)
                code = linecache.getline(site.file, site.line).strip() if site else ""
                found[place, nature] = MayBlock(event, nature, target or None, site, code or None, count)
        return tuple(found.values())


def _of(frame: FrameType) -> Place:
    return frame.f_code.co_filename, frame.f_lineno or 0, frame.f_code.co_qualname


def _site(place: Place) -> Site | None:
    if place == NOWHERE:
        return None
    file, line, function = place
    file = file if file.startswith("<") else os.path.abspath(file)  # noqa: PTH100  not resolved
    return Site(file, line, function, "user" if is_users(file) else "package")


def loops() -> tuple[str, ...]:
    """Return the folders of the event loops' packages that are imported."""
    return tuple(_folder(name) for name in LOOPS if name in sys.modules)


def _folder(name: str) -> str:
    return os.path.dirname(getattr(sys.modules[name], "__file__", None) or name) + os.sep  # noqa: PTH120  as text


def _add(agent: Agent) -> str | None:
    """Add the hook, once; return why it can't be used."""
    if agent.askers.are_heard:
        return HEARD
    if not _is_added:
        add = sys.addaudithook
        while (plain := getattr(add, "__wrapped__", None)) is not None:  # the agent's own door, which would note it
            add = plain
        with contextlib.suppress(Exception):  # a hook of the program's refuses
            add(_hook_of(agent))
        sys.audit("compare.is_added")
    return None if _is_added else REFUSED


def _hook_of(agent: Agent) -> Any:
    """Return the hook. It runs in whatever thread of the program's, in the midst of a call."""

    @agent.guard("calls that may block")
    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if not agent.askers.are_heard and agent.askers.runs_here():
            for each in tuple(_listening):  # a window may end in another thread
                each.hear(event, arguments, agent.askers)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        global _is_added  # noqa: PLW0603  one a process
        if _listening and event in EVENTS:
            hear(event, arguments)
        elif event == "compare.is_added":
            _is_added = True

    return hook
