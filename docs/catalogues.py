"""The translation catalogues: brought up to date from the English text, and asked what they lack."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.pofile import read_po

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

LANGUAGES = ("zh_CN",)


def update(templates: Path, locale: Path) -> int:
    """Merge what `sphinx-build -b gettext` made into each language's catalogues; return the exit status."""
    command = [sys.executable, "-m", "sphinx_intl", "update", "-p", str(templates), "-d", str(locale), "-w", "0"]
    for language in LANGUAGES:
        command += ["-l", language]
    return subprocess.run(command, check=False).returncode  # noqa: S603  our own catalogues


def lacking(templates: Path, locale: Path) -> list[str]:
    """Every string of the English text that a language lacks: `zh_CN/index: The string`, one a line."""
    found = []
    for language in LANGUAGES:
        for template in sorted(templates.rglob("*.pot")):
            domain = template.relative_to(templates).with_suffix("")
            catalogue = locale / language / "LC_MESSAGES" / domain.with_suffix(".po")
            known = _translated(_read(catalogue)) if catalogue.is_file() else set()
            wanted = [str(message.id) for message in _read(template) if message.id and is_prose(str(message.id))]
            found += [f"{language}/{domain}: {text}" for text in wanted if text not in known]
    return found


def is_prose(text: str) -> bool:
    """Whether there is anything to translate: not in a name, a path, code, or links that lead to such."""
    if text in _names():
        return False
    text = re.sub(r"`[^`]*`", " ", text)
    text = re.sub(r"\]\([^)]*\)", " ", text)
    text = re.sub(r"\S*[_/]\S*|[\w-]+\.(?:py|md)\b", " ", text)
    return re.search(r"[^\W\d_]{2}", text) is not None


@cache
def _names() -> frozenset[str]:
    """The recipes' names, some of which are words, and those of programs and libraries."""
    recipes = (Path(__file__).resolve().parent.parent / "recipes").glob("*/[a-z]*.py")
    return frozenset(path.stem for path in recipes) | {"Async I/O Cookbook"}


def _translated(catalogue: Catalog) -> set[str]:
    return {str(message.id) for message in catalogue if message.id and message.string and not message.fuzzy}


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)
