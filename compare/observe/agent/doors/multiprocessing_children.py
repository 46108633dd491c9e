"""`multiprocessing` starts its interpreters (spawned children, the fork server, its helper) by one function.

Such an interpreter runs a line of `multiprocessing`'s own, which is handed to it as `-c`. The agent's start is put
before that, in the same line: the environment and the program's own arguments stay as they are.
"""

from __future__ import annotations

import functools
import os

from .. import channel
from ..imports import FOLDER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..notes import Agent

MODULE = "multiprocessing.util"
LOST = "which tasks, pool queues and thread names there are in what multiprocessing spawns"
PARAMETERS = ("path", "args", "passfds")
OPTION = "-c"
START = os.path.join(os.path.dirname(FOLDER), "startup", "spawned.py")  # noqa: PTH118, PTH120  in a program's start
BEFORE = """\
try:
    with open({start!r}, encoding="utf-8") as file:
        start = compile(file.read(), {start!r}, "exec")
    exec(start, {{"__file__": {start!r}, "SETTING": {setting!r}}})
except Exception:
    pass
"""
"""Whatever goes wrong there, the child does what it would do without us."""


def fits(module: Any) -> str | None:
    """Return why its interpreters can't be given an agent; `None` if they can."""
    code = getattr(getattr(module, "spawnv_passfds", None), "__code__", None)
    if code is not None and code.co_varnames[: code.co_argcount] == PARAMETERS:
        return None
    return f"{LOST}: there is no spawnv_passfds(path, args, passfds)"


def open_door(module: Any, agent: Agent) -> None:
    """Give each of them an agent."""
    plain = module.spawnv_passfds

    @agent.guard("what multiprocessing spawns")
    def with_agent(path: Any, args: Any, *more: Any) -> tuple[Any, ...]:
        at = args.index(OPTION) + 1
        setting = channel.Setting(None, None, agent.setting.sampler, children=True) if agent.setting else None
        code = args[at]
        if setting is not None and type(code) is str:
            before = BEFORE.format(start=START, setting=str(setting))
            # One line stays one line: tracebacks count them.
            args = [*args[:at], f"exec({before!r}, {{}}); {code}", *args[at + 1 :]]
        return path, args, *more

    @functools.wraps(plain)
    def spawnv_passfds(*args: Any, **kwargs: Any) -> Any:
        return plain(*(with_agent(*args) or args), **kwargs)

    agent.put(module, "spawnv_passfds", spawnv_passfds)
