"""The translation catalogues: brought up to date from the English text, and asked what they lack."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from babel.messages.pofile import read_po

if TYPE_CHECKING:
    from pathlib import Path

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
            wanted = [str(message.id) for message in _read(template) if message.id]
            found += [f"{language}/{domain}: {text}" for text in wanted if text not in known]
    return found


def _translated(catalogue: Catalog) -> set[str]:
    return {str(message.id) for message in catalogue if message.id and message.string and not message.fuzzy}


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)
