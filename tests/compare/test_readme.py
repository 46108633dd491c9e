"""The README names every recipe on disk and nothing else, and keeps the two lines that everybody starts with."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def recipes() -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in (ROOT / "recipes").glob("*/[!_]*.py")}


def test_every_recipe_is_linked() -> None:
    assert set(re.findall(r"\]\((recipes/[\w/]+\.py)\)", README)) == recipes()


def test_each_is_told_in_its_own_words() -> None:
    rows = dict(re.findall(r"^\| \[`\w+`\]\(([\w/]+\.py)\) \| (.*) \|$", README, re.MULTILINE))
    for path in recipes():
        docstring = ast.get_docstring(ast.parse((ROOT / path).read_text("utf-8"))) or ""
        assert rows[path].replace("\\|", "|") == docstring.split("\n\n")[0].replace("\n", " ")


def test_the_two_lines() -> None:
    for line in ("pip install -e . && python -m compare file", "pip install -e '.[test]' && pytest"):
        assert f"\n$ {line}\n" in README


def test_what_it_links_to_exists() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
