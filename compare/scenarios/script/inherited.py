"""What the program gets from us as it would get it without us: the interpreter's options, and the environment."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from compare.observe import Link

STARTUP = Path(__file__).parent.parent.parent / "observe" / "agent" / "startup"
NO_AGENT = (
    "threads' names, lines for a pool, and how late a loop is: with -I, -E or -S, which this Python was started with,"
    " no agent comes into the program"
)
WITH_A_WORD = "--check-hash-based-pycs"
NAMES_PROGRAM, WITH_VALUE = "cm", "WX"
"""Letters with which a word of options ends."""


def lets_agent_in() -> bool:
    """Return whether a program that is started with our options runs a `sitecustomize` that `PYTHONPATH` names."""
    return not (sys.flags.ignore_environment or sys.flags.no_site)


def options(line: Sequence[str]) -> list[str]:
    """Return what of a Python's command line is said to the interpreter itself, before the program is named.

    Args:
        line: as `sys.orig_argv` has it.
    """
    return list(_options(iter(line[1:])))


def _options(words: Iterator[str]) -> Iterator[str]:
    for word in words:
        if not word.startswith("-") or word in ("-", "--"):
            return
        letter = _ends_in(word)
        if letter in NAMES_PROGRAM:
            own = word[: word.index(letter)]
            yield from [own] * (own != "-")
            return
        yield word
        if word == WITH_A_WORD or (letter in WITH_VALUE and word.index(letter) == len(word) - 1):
            yield next(words, "")


def _ends_in(word: str) -> str:
    """Return the first letter of a word that begins what follows and is no option by itself; a blank where none is."""
    letters = "" if word.startswith("--") else word[1:]
    return next((letter for letter in letters if letter in NAMES_PROGRAM or letter in WITH_VALUE), " ")


def environment(link: Link | None) -> dict[str, str]:
    """Return the program's environment: ours, and what lets the agent in and is taken out again by it."""
    env = dict(os.environ)
    if "LC_CTYPE" in env and _has_been_set("LC_CTYPE"):
        del env["LC_CTYPE"]
    if link is None:
        return env
    path = [str(STARTUP)]
    if "PYTHONPATH" in env:
        env["COMPARE_PYTHONPATH"] = env["PYTHONPATH"]
        path += filter(None, [env["PYTHONPATH"]])  # an empty one is none: an empty entry is the current folder
    return env | link.env | {"PYTHONPATH": os.pathsep.join(path)}


def _has_been_set(name: str) -> bool:
    """Whether this process has set a variable itself: a Python in the C locale says so to what it starts (PEP 538)."""
    with contextlib.suppress(OSError):
        given = Path("/proc/self/environ").read_bytes().split(b"\0")
        return not any(each.startswith(f"{name}=".encode()) for each in given)
    return False
