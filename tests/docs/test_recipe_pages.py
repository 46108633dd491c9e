"""The pages that are made from recipes: what the extras name exists, and a new recipe has a page without more ado."""

from __future__ import annotations

import html
import tomllib
from typing import TYPE_CHECKING

import pytest

from recipes import about

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(900)  # whoever comes first builds the site


def test_the_extras_name_recipes_and_siblings_that_exist(root: Path) -> None:
    extras = tomllib.loads((root / "docs" / "recipes.toml").read_text("utf-8"))
    on_disk = {f"{path.parent.name}/{path.stem}" for path in (root / "recipes").glob("*/[a-z]*.py")}
    assert set(extras) <= on_disk
    siblings = {
        f"{key.partition('/')[0]}/{name}" for key, extra in extras.items() for name in extra.get("siblings", ())
    }
    assert siblings <= on_disk


def test_every_recipe_says_where_it_blocks_and_when_to_use_it(root: Path) -> None:
    lacking = []
    for path in sorted((root / "recipes").glob("*/[a-z]*.py")):
        recipe = about.read(path)
        pitfall = recipe.folder == "pitfalls"
        wanted = ["**The way out**"] if pitfall else ["**Where it still blocks", "**Use it when"]
        lacking += [f"{recipe.key}: {word}" for word in wanted if word not in recipe.body]
    assert not lacking


def test_a_recipe_is_read_without_being_imported(tmp_path: Path) -> None:
    path = tmp_path / "recipes" / "file_read" / "trio_new.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        '"""An idea,\nin two lines.\n\n**Use it when** you want.\n"""\n\n'
        "import asyncio\nfrom trio.lowlevel import x\n\n"
        'REQUIRES = {"python": "3.12"}\nraise SystemExit\n'
    )
    recipe = about.read(path)
    assert recipe.key == "file_read/trio_new"
    assert recipe.idea == "An idea, in two lines."
    assert recipe.body == "**Use it when** you want."
    assert recipe.stem == "new"
    assert recipe.requires == {"python": "3.12"}
    assert recipe.imports == ("asyncio", "trio.lowlevel")


def test_a_recipe_without_a_docstring_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "silent.py"
    path.write_text("x = 1\n")
    with pytest.raises(ValueError, match="docstring"):
        about.read(path)


def test_a_pitfalls_page_asks_before_it_tells(site: Path, root: Path) -> None:
    extras = tomllib.loads((root / "docs" / "recipes.toml").read_text("utf-8"))
    asked = {key: extra["ask"] for key, extra in extras.items() if "ask" in extra}
    assert len(asked) > 20
    assert all(key.startswith("pitfalls/") for key in asked)
    for key in asked:
        page = (site / "recipes" / f"{key}.html").read_text("utf-8")
        places = [page.index('<section id="predict-then-look">'), page.index("<details"), page.index("trap:")]
        places.append(page.index('<section id="what-happens">'))
        assert places == sorted(places), key


def test_a_recipes_page_begins_with_its_idea_and_plays_it_before_the_whole(site: Path) -> None:
    page = (site / "recipes" / "file_read" / "asyncio_to_thread.html").read_text("utf-8")
    heads = [page.index(f'<section id="{name}">') for name in ("the-idea", "watch-it-run", "what-to-know", "the-code")]
    assert heads == sorted(heads)


def test_a_page_shows_the_modules_that_its_recipe_imports(site: Path, root: Path) -> None:
    shared = {
        name: (root / "recipes" / "file_serve" / f"{name}.py").read_text("utf-8").splitlines()[0].strip('"')
        for name in ("_asyncio", "_http", "_trio")
    }
    for recipe, wanted in {
        "asyncio_sendfile": {"_asyncio", "_http"},
        "trio_open_file": {"_trio", "_http"},
        "anyio_open_file": {"_http"},
    }.items():
        page = html.unescape((site / "recipes" / "file_serve" / f"{recipe}.html").read_text("utf-8"))
        assert {name for name, opening in shared.items() if opening in page} == wanted
    assert "What it imports" not in (site / "recipes" / "file_read" / "blocking.html").read_text("utf-8")
