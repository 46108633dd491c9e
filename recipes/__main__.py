"""`python -m recipes`: lists the recipes; `python -m recipes NAME` shows one."""

from __future__ import annotations

import argparse
import difflib
import itertools
import sys
import textwrap
from typing import TYPE_CHECKING

from recipes import print_anything
from recipes.about import Recipe, found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

EPILOG = """\
python -m recipes asyncio_streams            its idea first, then the whole file
python -m recipes file_read/blocking         where two folders have the same name
python -m recipes.file_read.blocking PATH    runs it"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments ask for, and return the exit status."""
    print_anything()
    parser = argparse.ArgumentParser(
        "python -m recipes",
        description="List the recipes, or show one: its idea, then the whole file.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="the recipe to show")
    name: str | None = parser.parse_args(arguments).name
    recipes = found()
    if name is None:
        _list(recipes)
        return 0
    chosen = [each for each in recipes if name in {each.name, each.key, each.module}]
    if len(chosen) == 1:
        _show(chosen[0])
        return 0
    sys.stderr.write(f"recipes: {_unclear(name, recipes, chosen)}\n")
    return 2


def _unclear(name: str, recipes: list[Recipe], chosen: list[Recipe]) -> str:
    if chosen:
        return (
            f"{name} is {' and '.join(each.key for each in chosen)}: name one of them"
        )
    names = {each.name for each in recipes} | {each.key for each in recipes}
    close = difflib.get_close_matches(name, names, 1)
    hint = f"did you mean {close[0]}?" if close else "python -m recipes lists them"
    return f"there is no recipe {name}; {hint}"


def _console() -> Console:
    from rich.console import Console  # noqa: PLC0415  not needed to complain

    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def _list(recipes: list[Recipe]) -> None:
    console = _console()
    width = max(len(each.name) for each in recipes)
    for folder, group in itertools.groupby(recipes, lambda each: each.folder):
        console.print(f"[bold]recipes/{folder}[/]")
        for each in group:
            told = textwrap.wrap(each.idea, max(console.width - width - 4, 20))
            for at, line in enumerate(told):
                name = each.name if at == 0 else ""
                console.print(f"  {name:{width}}  ", end="")
                console.print(line, markup=False)
        console.print()
    console.print("python -m recipes NAME shows one")


def _show(recipe: Recipe) -> None:
    from rich.syntax import Syntax  # noqa: PLC0415  not needed for a list

    console = _console()

    def code(text: str, first: int) -> None:
        if console.is_terminal:
            shown = Syntax(text, "python", line_numbers=True, start_line=first)
            console.print(shown)
        else:
            console.print(text, markup=False)

    console.print(recipe.idea, style="bold", markup=False)
    console.print()
    console.print(recipe.body, markup=False)
    console.print("\nThe idea\n", style="bold")
    for first, text in recipe.core_code():
        code(text, first)
        console.print()
    console.print(f"The whole: {recipe.path}\n", style="bold")
    code(recipe.code, recipe.first_line)


if __name__ == "__main__":
    sys.exit(main())
