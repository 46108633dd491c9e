"""Whose line a stack is at, and what it is called.

The *site* is looked for above a loop's or a pool's machinery only, since a line below it is where the program waits for
all that the loop does: the innermost line that is the user's own; else an installed package's; else, where the loop
does run something, the standard library's. A line of no file (`<string>`) counts only where there is none of the user's
in one.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from compare.observe.interpreter import sites
from compare.results import Site

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compare.observe.interpreter.code_objects import Code
    from compare.observe.interpreter.stacks import Frame
    from compare.results import Task

STARTS = frozenset({"multiprocessing.main", "multiprocessing.spawn_main"})
"""What the line calls that `multiprocessing` has an interpreter run as `-c`: that line is nobody's."""


def site(frames: Sequence[Frame], directory: str, *, library: bool) -> tuple[Site | None, bool]:
    """The line, and whether it is the user's; `library`: the standard library's counts too, where there is none."""
    for found in (_in_a_file(frames), _in_no_file(frames)):
        if found is not None:
            return site_of(found.code, found.line, directory), True
    owners = ("package", "library") if library else ("package",)
    for owner in owners:
        for frame in frames:
            filename = frame.code.filename
            theirs = sites.owner(filename) == owner and not filename.startswith("<")
            if theirs and not sites.is_loop_code(filename):
                return site_of(frame.code, frame.line, directory), False
    return None, False


def is_mine(filename: str) -> bool:
    """Whether a file is the user's own, and a file."""
    return not filename.startswith("<") and sites.owner(filename) == "user"


def _in_a_file(frames: Sequence[Frame]) -> Frame | None:
    for frame in frames:
        if is_mine(frame.code.filename):
            return frame
    return None


def _in_no_file(frames: Sequence[Frame]) -> Frame | None:
    """A line that was typed in or given with `-c`; not what a library has made, which a library calls."""
    for at, frame in enumerate(frames):
        if frame.code.filename.startswith("<") and sites.owner(frame.code.filename) == "user":
            caller = frames[at + 1].code.filename if at + 1 < len(frames) else "<"
            typed = frame.code.qualname == "<module>" or sites.is_loop_code(caller)
            if at and typed and named(frames[at - 1].code) in STARTS:
                continue
            if typed or sites.owner(caller) == "user":
                return frame
    return None


def site_of(code: Code, line: int, directory: str) -> Site:
    """Return a line as a site; `directory` is what a relative file name is relative to."""
    filename = code.filename
    if not filename.startswith("<"):
        filename = os.path.normpath(os.path.join(directory, filename))  # noqa: PTH118
    return Site(printable(filename), line, printable(code.qualname), sites.owner(code.filename))


def of_the_user(task: Task, frames: Sequence[Frame]) -> Task:
    """Name the outermost coroutine of the user's: a library's around it is the same in every task of that library."""
    mine = [frame.code.qualname for frame in frames if sites.owner(frame.code.filename) == "user"]
    return replace(task, runs=mine[-1]) if mine else task


def named(code: Code) -> str:
    """Name a function as one would import it: `json.dumps`."""
    file = os.path.splitext(os.path.basename(code.filename))[0]  # noqa: PTH119, PTH122  see above
    return f"{sites.module(code.filename) or file}.{code.qualname}"


def printable(name: str) -> str:
    """Return a name with what no output can hold written as escapes: control characters, halves of surrogates."""
    if name.isprintable():
        return name
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in name)


def in_library(frames: Sequence[Frame]) -> bool:
    """Whether it is in an event loop's or an async library's code, called by the user's or by none."""
    index = next((at for at, frame in enumerate(frames) if sites.owner(frame.code.filename) == "user"), None)
    called = frames[: 1 if index is None else index][-1:]
    return bool(called) and sites.is_loop_code(called[0].code.filename)
