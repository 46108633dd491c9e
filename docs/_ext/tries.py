"""The things to try of the recipes' pages: what to do, the command that shows it, and the answer that is measured."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent
PROGRAMS = DOCS / "tries"
"""Where the programs are that some of the commands run."""


@dataclass(frozen=True, slots=True)
class Try:
    """A thing to try.

    Attributes:
        recipe: of whose page it is, `folder/name`.
        do: what the reader is to do.
        see: the command that shows what happens then.
        answer: what was seen, in a sentence.
        shows: patterns that are found in what the command printed.
    """

    recipe: str
    do: str
    see: str
    answer: str
    shows: tuple[str, ...]

    @property
    def program(self) -> Path | None:
        """The program that the command runs or compares, where it is one of these."""
        names = [word.partition(":")[0] for word in self.see.split()]
        found = [PROGRAMS / name for name in names if name.endswith(".py")]
        return next((path for path in found if path.is_file()), None)


def all_tries() -> list[Try]:
    """All of them, in the order of `docs/recipes.toml`."""
    extras = tomllib.loads((DOCS / "recipes.toml").read_text("utf-8"))
    return [_read(recipe, told) for recipe, extra in extras.items() for told in extra.get("try", ())]


def _read(recipe: str, told: dict[str, object]) -> Try:
    shows = told["shows"]
    assert isinstance(shows, list)
    return Try(recipe, str(told["do"]), str(told["see"]), str(told["answer"]), tuple(map(str, shows)))
