"""Spelling: the pages, the README, and the docstrings that become pages, against hunspell and the project's words."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

NOT_PROSE = (
    re.compile(r"^ *(```+|:::+).*$", re.MULTILINE),  # the fence itself; what is in a block of code goes below
    re.compile(r"``.*?``|`[^`]*`", re.DOTALL),
    re.compile(r"\]\([^)]*\)"),  # where a link leads
    re.compile(r"<[^>]*>|https?://\S+|\{[\w.-]+\}|^:[\w-]+:.*$", re.MULTILINE),
    re.compile(r"\b\w*[\d_/]\w*\b|\b\w+\.\w+\b"),  # names and figures
)


def prose(text: str) -> str:
    """A page without its code, links and names."""
    text = re.sub(r"^ *```.*?^ *```$", " ", text, flags=re.DOTALL | re.MULTILINE)
    for pattern in NOT_PROSE:
        text = pattern.sub(" ", text)
    return text


def words_of(text: str) -> set[str]:
    """The words of a page; "asyncio's" is asyncio."""
    found = re.findall(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*", prose(text))
    return {re.sub(r"['\u2019]s$", "", word) for word in found}


def test_every_word_is_known(hand_written: list[Path], root: Path) -> None:
    if shutil.which("hunspell") is None:
        pytest.skip("hunspell is not installed: apt-get install hunspell hunspell-en-us")
    found = {path.name: words_of(path.read_text("utf-8")) for path in hand_written}
    for path in sorted((root / "recipes").glob("*/[a-z]*.py")):
        docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        found[f"{path.parent.name}/{path.name}"] = words_of(docstring)
    everything = "\n".join(sorted(set().union(*found.values())))
    done = subprocess.run(
        ["hunspell", "-d", "en_US", "-l"], input=everything, capture_output=True, text=True, timeout=150, check=True
    )
    unknown = {word for word in done.stdout.split() if word.lower() not in words(root)}
    told = [f"{word}  ({name})" for name, seen in found.items() for word in sorted(seen & unknown)]
    assert not told, "correct them, or add them to docs/words.txt:\n" + "\n".join(told)


INSTEAD = {
    "default executor": "default pool",
    "name resolution": "name lookup",
    "forever": "for ever",
    "for good": "for ever",
}
"""What has one name on the pages and in the recipes' docstrings."""


def test_one_thing_has_one_name(hand_written: list[Path], root: Path) -> None:
    texts = {path.name: prose(path.read_text("utf-8")) for path in hand_written}
    for path in sorted((root / "recipes").glob("*/[a-z]*.py")):
        texts[f"{path.parent.name}/{path.name}"] = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    told = [
        f"{name}: {good!r}, not {bad!r}"
        for name, text in texts.items()
        for bad, good in INSTEAD.items()
        if bad in " ".join(text.split())
    ]
    assert not told


def words(root: Path) -> set[str]:
    """The field's words and names, in small letters, a line each."""
    return set((root / "docs" / "words.txt").read_text("utf-8").split())


def test_the_word_list_is_sorted_and_has_no_doubles(root: Path) -> None:
    lines = (root / "docs" / "words.txt").read_text("utf-8").splitlines()
    assert lines == sorted({line.lower() for line in lines})


def test_a_mistake_would_be_found() -> None:
    text = "A `recieve1` and [a link](recieve2) but recieve.\n```text\nrecieve3\n```\n"
    assert words_of(text) == {"A", "and", "a", "link", "but", "recieve"}
