"""Makes a page for every recipe, from the recipe: before Sphinx looks for its sources, on every build.

The pages are Markdown files under `docs/recipes/`, which git ignores. They are written only when they change, so that
an incremental build stays quick, and so that their text goes into the translation catalogues like any other page's.
"""

from __future__ import annotations

import os
import re
import textwrap
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.catalogue import scenarios
from docs._ext.libraries import documented
from docs._ext.tries import all_tries
from recipes import about

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx.application import Sphinx

    from docs._ext.tries import Try
    from recipes.about import Recipe

ROOT = Path(__file__).resolve().parent.parent.parent

SCENARIOS = {each.folder: each for each in scenarios()}
FOLDERS = {
    **{folder: (each.heading, each.intro) for folder, each in SCENARIOS.items()},
    "echo_client": ("Clients", "The other end: `exchange(address, messages)`, and a prompt when run as a program."),
    "pitfalls": ("Pitfalls", "Mistakes that look like working code: `trap()` and `way_out()`, both run by the tests."),
}
FOLDER_INTRO = {
    "pitfalls": "Each of these has been met in real programs. The module shows the failure and the way out of it; what "
    "they print below is what the tests hold them to.",
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("builder-inited", _generate)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def all_recipes(root: Path = ROOT) -> dict[str, list[Recipe]]:
    """The recipes on disk, by folder, sorted by name."""
    return {
        folder: [about.read(path) for path in sorted((root / "recipes" / folder).glob("[a-z]*.py"))]
        for folder in FOLDERS
    }


def _generate(app: Sphinx) -> None:
    target = Path(app.srcdir) / "recipes"
    found = all_recipes()
    extras = tomllib.loads((Path(app.srcdir) / "recipes.toml").read_text("utf-8"))
    pages = {"index.md": _top(found)}
    for folder, recipes in found.items():
        pages[f"{folder}/index.md"] = _index(folder, recipes)
        for recipe in recipes:
            pages[f"{folder}/{recipe.name}.md"] = _page(recipe, recipes, extras.get(recipe.key, {}))
    for stale in set(target.rglob("*.md")) - {target / name for name in pages}:
        stale.unlink(missing_ok=True)
    for name, text in pages.items():
        path = target / name
        if not path.is_file() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f".{path.name}.{os.getpid()}")  # another build may read the page meanwhile
            beside.write_text(text, "utf-8")
            beside.replace(path)


def _top(found: dict[str, list[Recipe]]) -> str:
    told = "Each is a file that you can copy into your project, with the modules that its page shows."
    parts = ["# The recipes", told]
    parts += [f"[{FOLDERS[folder][0]}]({folder}/index.md)\n: {FOLDERS[folder][1]}" for folder in found]
    return "\n\n".join([*parts, _toctree(f"{folder}/index" for folder in found)]) + "\n"


def _index(folder: str, recipes: list[Recipe]) -> str:
    title, idea = FOLDERS[folder]
    rows = [f"[`{recipe.name}`]({recipe.name}.md)\n: {recipe.idea}" for recipe in recipes]
    parts = [f"# {title}", idea, FOLDER_INTRO.get(folder, ""), *rows, _toctree(recipe.name for recipe in recipes)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _toctree(names: Iterable[str]) -> str:
    return "\n".join(["```{toctree}", ":hidden:", "", *names, "```"])


def _page(recipe: Recipe, beside: list[Recipe], extra: dict[str, Any]) -> str:
    siblings = [other for other in beside if other.name in _sibling_names(recipe, beside, extra)]
    to_try = "\n\n".join(_to_try(each) for each in all_tries() if each.recipe == recipe.key)
    pitfall = recipe.folder == "pitfalls"
    parts = [
        f"# {recipe.name}",
        *(_pitfall if pitfall else _idea)(recipe, beside, extra),
        "## The code",
        _code(recipe, siblings),
        *_imported(recipe),
        *([] if pitfall else [*_measured(recipe), "## Things to try", to_try]),
        _commands(recipe),
        _see_also(recipe, siblings),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _idea(recipe: Recipe, beside: list[Recipe], _: dict[str, Any]) -> list[str]:
    """The few lines that matter, then what they do, then what to know of them."""
    known = _linked(recipe.body, recipe, beside)
    return [
        _lead(recipe, beside),
        _needs(recipe),
        "## The idea",
        *_core(recipe),
        *_watched(recipe),
        *(["## What to know", known] if known else []),
    ]


def _pitfall(recipe: Recipe, beside: list[Recipe], extra: dict[str, Any]) -> list[str]:
    """What a reader is to predict before anything is explained, and below it, folded, what the module printed."""
    told = [_lead(recipe, beside), _needs(recipe), _linked(recipe.body, recipe, beside), *_watched(recipe)]
    seen = f"```{{transcript}} {recipe.module}\n```"
    if "ask" not in extra:
        return ["## What it shows", seen, "## What happens", *told]
    answer = f"::::{{dropdown}} The answer: what it printed\n{seen}\n::::"
    return ["## Predict, then look", extra["ask"], answer, "## What happens", *told]


def _lead(recipe: Recipe, beside: list[Recipe]) -> str:
    return f"{{.lead}}\n{_linked(recipe.idea, recipe, beside)}"


def _linked(text: str, recipe: Recipe, beside: list[Recipe]) -> str:
    """Make a link of each name of a neighbour in backticks."""
    names = {other.name for other in beside} - {recipe.name}
    return re.sub(
        r"(?<![\[`])`(\w+)`(?!`)",
        lambda match: f"[`{match[1]}`]({match[1]}.md)" if match[1] in names else match[0],
        text,
    )


def _needs(recipe: Recipe) -> str:
    needs = recipe.requires
    told = []
    if "python" in needs:
        told.append(f"Python {needs['python']} or later")
    if "platform" in needs:
        told.append({"linux": "Linux"}.get(needs["platform"], needs["platform"]))
    if "install" in needs:
        told.append(f"`{needs['install']}`")
    lines = [f"Needs {', '.join(told)}."] if told else []
    lines += [f"{needs[key][0].upper()}{needs[key][1:].rstrip('.')}." for key in _REASONS if key in needs]
    paragraphs = [" ".join(lines)] if lines else []
    if "has" in needs and "platform" not in needs:
        paragraphs += ["Needs what Windows has not:", ", ".join(f"`{name}`" for name in needs["has"])]
    return ":::{note}\n" + "\n\n".join(paragraphs) + "\n:::" if paragraphs else ""


_REASONS = ("backends_reason", "states_reason")


def _code(recipe: Recipe, siblings: list[Recipe]) -> str:
    if not siblings:
        return _listing(recipe)
    tabs = [f"::::{{tab-item}} {each.name}\n{_listing(each)}\n::::" for each in (recipe, *siblings)]
    return "\n".join([":::::{tab-set}", *tabs, ":::::"])


def _listing(recipe: Recipe) -> str:
    """The file below its docstring, which is the page's opening already."""
    return _included(recipe, f"{recipe.first_line}-", caption=f":caption: {recipe.path}\n")


def _imported(recipe: Recipe) -> list[str]:
    """The modules beside it that it needs, folded: what a reader has to copy with it."""
    found = _helpers(recipe)
    if not found:
        return []
    told = "It imports modules that the recipes of this kind share. Copy them with it:"
    folded = [
        f"::::{{dropdown}} {path.name}\n```{{literalinclude}} ../../../{path.relative_to(ROOT)}\n"
        f":language: python\n:linenos:\n```\n::::"
        for path in found
    ]
    return ["### What it imports", told, *folded]


def _helpers(recipe: Recipe) -> list[Path]:
    """Modules of its own folder that it imports, and those that they import; named `_….py`."""
    folder = ROOT / "recipes" / recipe.folder
    wanted, found = list(recipe.imports), set[Path]()
    while wanted:
        name = re.fullmatch(rf"recipes\.{recipe.folder}\.(_\w+)", wanted.pop())
        path = folder / f"{name[1]}.py" if name else None
        if path and path not in found:
            found.add(path)
            wanted += about.read(path).imports
    return sorted(found, reverse=True)


def _core(recipe: Recipe) -> list[str]:
    """What to read first, each part with the line numbers that it has in the file."""
    return [
        _included(recipe, f"{first}-{first + text.count(chr(10))}", caption="") for first, text in recipe.core_code()
    ]


def _included(recipe: Recipe, lines: str, *, caption: str) -> str:
    options = f":language: python\n:lineno-match:\n:lines: {lines}\n{caption}"
    return f"```{{literalinclude}} ../../../{recipe.path}\n{options}```"


def _watched(recipe: Recipe) -> list[str]:
    """The recipe's own lines as each thread ran them; a client runs in no comparison."""
    if recipe.folder not in {*SCENARIOS, "pitfalls"}:
        return []
    return ["## Watch it run", f"```{{recording-of}} {recipe.key}\n```"]


def _measured(recipe: Recipe) -> list[str]:
    if recipe.folder not in SCENARIOS:
        return []
    faults = ["## What it withstands", f"```{{faults}} {recipe.key}\n```"]
    return ["## Measured", f"```{{measured-recipe}} {recipe.key}\n```", *faults]


def _to_try(each: Try) -> str:
    """What to do, and folded below it what was seen, with the program that showed it."""
    program = each.program
    options = f":language: python\n:caption: {program.name}\n" if program else ""
    shown = f"```{{literalinclude}} ../../tries/{program.name}\n{options}```\n" if program else ""
    folded = f"::::{{dropdown}} The answer, measured\n{each.answer}\n\n{shown}```{{transcript}} {each.see}\n```\n::::"
    return f"- {each.do}\n\n{textwrap.indent(folded, '  ')}"


def _commands(recipe: Recipe) -> str:
    if recipe.folder == "pitfalls":
        return ""
    scenario = SCENARIOS.get(recipe.folder)
    arguments = scenario.arguments if scenario else "9999"
    commands = [f"python -m {recipe.module} {arguments}", *(scenario.commands(recipe.name) if scenario else ())]
    return "```console\n" + "\n".join(f"$ {command}" for command in commands) + "\n```"


def _sibling_names(recipe: Recipe, beside: list[Recipe], extra: dict[str, Any]) -> set[str]:
    """The same idea in other libraries: what the extras say, or the same name behind another runtime's prefix."""
    if "siblings" in extra:
        return set(extra["siblings"])
    return {other.name for other in beside if other.stem == recipe.stem and other is not recipe}


def _see_also(recipe: Recipe, siblings: list[Recipe]) -> str:
    lines = []
    if siblings:
        links = ", ".join(f"[`{each.name}`]({each.name}.md)" for each in siblings)
        lines.append(f"The same idea in other ways:\n\n- {links}\n\nIn other documentation and pages:\n")
    lines += [f"- [{title}]({address})" for title, address in documented(recipe.imports)]
    if recipe.folder in SCENARIOS:
        lines.append("- [How to read the table and the timeline](../../using-compare.md)")
    return "\n".join(["## See also", "", *lines]) if lines else ""
