"""What each recipe says of itself: its core is there, short, and first; `python -m recipes` shows it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from recipes import about

ROOT = Path(__file__).resolve().parents[2]
RECIPES = about.found()
WIDEST = 88
LONGEST_CORE = 60
"""Lines of all that a page shows first."""


def shown(*arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "recipes", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == status, done.stderr
    return done


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.key)
def test_each_has_a_core_that_exists_and_is_short(recipe: about.Recipe) -> None:
    parts = recipe.core_code()
    assert len(parts) == len(recipe.core) > 0
    assert sum(text.count("\n") + 1 for _, text in parts) <= LONGEST_CORE
    lines = (ROOT / recipe.path).read_text("utf-8").splitlines()
    for first, text in parts:
        assert lines[first - 1 :][: text.count("\n") + 1] == text.splitlines()


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.key)
def test_no_line_is_wider_than_a_page(recipe: about.Recipe) -> None:
    lines = (ROOT / recipe.path).read_text("utf-8").splitlines()
    assert [line for line in lines if len(line) > WIDEST and "](http" not in line] == []


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.key)
def test_the_code_begins_behind_the_docstring(recipe: about.Recipe) -> None:
    whole = (ROOT / recipe.path).read_text("utf-8")
    assert whole.endswith(recipe.code)
    assert whole.splitlines()[recipe.first_line - 1] == recipe.code.splitlines()[0] != ""
    assert '"""' not in whole[: -len(recipe.code)].strip().removeprefix('"""').removesuffix('"""')


def test_a_list_names_all_by_folder() -> None:
    told = shown().stdout
    for recipe in RECIPES:
        assert f"  {recipe.name} " in told
        assert f"recipes/{recipe.folder}\n" in told


def test_one_is_shown_idea_first() -> None:
    recipe = next(each for each in RECIPES if each.key == "tcp_echo/trio_streams")
    told = shown("tcp_echo/trio_streams").stdout
    (_, core), *_ = recipe.core_code()
    assert told.startswith(recipe.idea)
    assert told.index(core) < told.index(recipe.code)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("trio_streems", "there is no recipe trio_streems; did you mean trio_streams?"),
        ("xyzzy", "there is no recipe xyzzy; python -m recipes lists them"),
        ("trio_streams", "trio_streams is echo_client/trio_streams and tcp_echo/trio_streams: name one of them"),
    ],
)
def test_a_name_that_is_unclear_is_answered_in_one_line(name: str, told: str) -> None:
    assert shown(name, status=2).stderr == f"recipes: {told}\n"
