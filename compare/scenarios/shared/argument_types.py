"""The types of arguments: each says of what it refuses what it expected, what came, and where to read more."""

from __future__ import annotations

import argparse
import difflib
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
UNITS |= {"K": 2**10, "M": 2**20, "G": 2**30}


class Parser(argparse.ArgumentParser):
    """Tells a mistake in one line, and takes no option that is not written in full."""

    def __init__(self, prog: str, *, description: str, epilog: str, usage: str | None = None) -> None:
        """Take what the help says; the epilog keeps its lines."""
        super().__init__(
            prog,
            usage,
            description,
            epilog,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def read(self, arguments: Sequence[str]) -> argparse.Namespace:
        """What the arguments say; ends with status 2 when one is not known, and names the nearest that is."""
        options, unknown = self.parse_known_args(arguments)
        if unknown:
            nearest = near(unknown[0], [name for action in self._actions for name in action.option_strings])
            self.error(f"unrecognized arguments: {' '.join(unknown)}{nearest}")
        return options

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        self.exit(2, f"compare: {with_help(message, self.prog)}\n")


def with_help(message: str, program: str) -> str:
    """A message, and after it what to type to read more."""
    return f"{message}{'' if message.endswith('?') else ';'} {program} --help tells more"


def near(word: str, known: Sequence[str]) -> str:
    """`; did you mean WORD?` when one of the known words is like it, else nothing."""
    close = difflib.get_close_matches(word, known, 1)
    return f"; did you mean {close[0]}?" if close else ""


def whole(least: int) -> Callable[[str], int]:
    """A type of argument: a whole number, `least` or more."""

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            message = f"must be {least} or more, not {text}"
            raise argparse.ArgumentTypeError(message)
        return value

    return convert


def number(least: float) -> Callable[[str], float]:
    """A type of argument: a number, `least` or more."""

    def convert(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value < float("inf"):
            message = f"must be {least:g} or more, not {text}"
            raise argparse.ArgumentTypeError(message)
        return value

    return convert


def size(text: str) -> int:
    """A type of argument: a number of bytes, 1 or more, with or without a unit."""
    digits = text.rstrip("BKMGIbkmgi ")
    unit = UNITS.get(text[len(digits) :].strip().upper())
    try:
        count = float(digits) * (unit or 0)
    except ValueError:
        count = 0
    if unit is None or count < 1 or count != int(count):
        message = f"must be a number of bytes, such as 4096, 64KiB or 1MiB, not {text}"
        raise argparse.ArgumentTypeError(message)
    return int(count)


def some_of(words: Sequence[str]) -> Callable[[str], list[str]]:
    """A type of argument: some of these words, with commas between them."""

    def convert(text: str) -> list[str]:
        named = [word.strip() for word in text.split(",")]
        for word in named:
            if word not in words:
                message = f"must be {', '.join(words[:-1])} or {words[-1]}, not {word or 'nothing'}"
                raise argparse.ArgumentTypeError(message)
        return named

    return convert
