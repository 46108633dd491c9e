"""Recordings of the recipes, for the player: what `python -m docs.measure recordings` makes.

Each recipe is recorded in the first workload that it takes part in, and in the next ones while no thread was seen at
its lines; each pitfall as the program that it is. A recording in which something could not be seen is made again, since
what else the machine does is in the way: of `TRIES`, the one that lacks least is kept, and says what it lacks. A file
holds one run, with the code that it is of; paths of the machine are taken out by whoever calls.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.report.page.recording import parts_of
from docs._ext.recordings import CASES, PITFALLS, RECORDINGS, ROOT, STANDS, is_current, path_of, stands, workload_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Run = Callable[[list[str]], str]
    Clean = Callable[[str], str]

TRIES = 3
ALSO = {
    "file-cold": frozenset({"asyncio_aiofiles"}),
    "serve-cold": frozenset({"asyncio_sendfile", "trio_sendfile"}),
}
"""What else a page plays: recipes beside others in a case that is not their own page's."""


def every(run: Run, clean: Clean) -> None:
    """Record all recipes anew.

    Args:
        run: runs a command in the repository, and fails where it measures nothing.
        clean: takes the machine's folders out of a text.
    """
    RECORDINGS.mkdir(exist_ok=True)
    _compared(run, clean)
    for path in _recipes(PITFALLS):
        _script(path, run, clean)


def changed(run: Run, clean: Clean) -> None:
    """Record those again whose code has changed since; arguments as for `every`. One whose recipe is gone goes too."""
    _again_where(lambda told: not is_current(told), run, clean)


def stale(run: Run, clean: Clean) -> None:
    """Record those again whose code has changed since, or that lack something, and `ALSO`; arguments as for `every`."""
    _again_where(lambda told: not is_current(told) or _lacks(told) > 0, run, clean)
    for case, name in ((case, name) for case, names in ALSO.items() for name in sorted(names)):
        if not path_of(case, name).is_file():
            _again(case, name, run, clean)


def _again_where(wanted: Callable[[dict[str, Any]], bool], run: Run, clean: Clean) -> None:
    found = [path for path in sorted(RECORDINGS.glob("*.json")) if wanted(json.loads(path.read_text("utf-8")))]
    for number, path in enumerate(found, 1):
        sys.stderr.write(f"{number} of {len(found)} recordings\n")
        case = next(each for each in (*CASES, PITFALLS) if path.stem.startswith(f"{each}-"))
        _again(case, path.stem.removeprefix(f"{case}-"), run, clean)


def _again(case: str, name: str, run: Run, clean: Clean) -> None:
    folder = PITFALLS if case == PITFALLS else workload_of(case)[0].folder
    recipe = ROOT / "recipes" / folder / f"{name}.py"
    if not recipe.is_file():
        path_of(case, name).unlink(missing_ok=True)
    elif case == PITFALLS:
        _script(recipe, run, clean)
    else:
        scenario, option = workload_of(case)
        words = ["python", "-m", "compare", scenario.name, *option, "--only", name]
        for first in _recorded(words, run, clean)[:1]:
            _write(path_of(case, name), with_code(_whole(words, first, run, clean), recipe), clean)


def _compared(run: Run, clean: Clean) -> None:
    done: set[tuple[str, str]] = set()
    for case in CASES:
        scenario, option = workload_of(case)
        every_one = _recipes(scenario.folder)
        wanted = ALSO.get(case, frozenset())
        left = [path for path in every_one if path.stem in wanted or (scenario.folder, path.stem) not in done]
        if not left:
            continue
        words = ["python", "-m", "compare", scenario.name, *option, "--only"]
        first: dict[str, dict[str, Any]] = {}
        for told in _recorded([*words, *(path.stem for path in left)], run, clean):
            first.setdefault(_variant(told), told)  # the first backend stands for the others
        for path in left:
            if path.stem in first:
                told = _whole([*words, path.stem], first[path.stem], run, clean)
                _write(path_of(case, path.stem), with_code(told, path), clean)
                done |= {(scenario.folder, path.stem)} if stands(told) >= STANDS else set()


def _script(path: Path, run: Run, clean: Clean) -> None:
    words = ["python", "-m", "compare", "script"]
    module = ["-m", f"recipes.pitfalls.{path.stem}"]
    [first] = _recorded(words, run, clean, module)
    told = _whole(words, first, run, clean, module)
    _write(path_of(PITFALLS, path.stem), with_code(told, path), clean)


def _whole(
    words: list[str], first: dict[str, Any], run: Run, clean: Clean, program: Sequence[str] = ()
) -> dict[str, Any]:
    """The one of several tries in which most could be seen."""
    tries = [first]
    while _lacks(tries[-1]) and len(tries) < TRIES:
        again = _recorded(words, run, clean, program)
        tries += [told for told in again if told["runs"][0]["name"] == first["runs"][0]["name"]] or [first]
    return min(tries, key=_lacks) | {"command": [*words, *program]}


def _lacks(told: dict[str, Any]) -> int:
    return len(told["runs"][0]["missing"])


def _variant(told: dict[str, Any]) -> str:
    return str(told["runs"][0]["name"]).partition(" on ")[0]


def _recorded(words: list[str], run: Run, clean: Clean, program: Sequence[str] = ()) -> list[dict[str, Any]]:
    sys.stderr.write(f"  {' '.join([*words, *program])}\n")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "recording.json")
        run([*words, "--recording", str(target), *program])
        return alone(json.loads(clean(target.read_text("utf-8"))))


def alone(recording: dict[str, Any]) -> list[dict[str, Any]]:
    """Each run of a recording by itself, with the files that it is in."""
    return [_with_its_files(recording, run) for run in recording["runs"]]


def _with_its_files(recording: dict[str, Any], run: dict[str, Any]) -> dict[str, Any]:
    files = [recording["files"][file] for file in run["files"]]
    sites = [[run["files"].index(file), line, function] for file, line, function in run["sites"]]
    return recording | {"files": files, "runs": [run | {"sites": sites, "files": list(range(len(files)))}]}


def with_code(recording: dict[str, Any], path: Path) -> dict[str, Any]:
    """Add the recipe itself, where no thread was ever seen in it."""
    name = str(path.relative_to(ROOT))
    if any(file["name"] == name for file in recording["files"]):
        return recording
    files = [*recording["files"], {"name": name, "parts": parts_of(path.read_text("utf-8").splitlines(), set())}]
    [run] = recording["runs"]
    return recording | {"files": files, "runs": [run | {"files": list(range(len(files)))}]}


def _recipes(folder: str) -> list[Path]:
    return sorted((ROOT / "recipes" / folder).glob("[a-z]*.py"))


def _write(path: Path, told: dict[str, Any], clean: Clean) -> None:
    path.write_text(clean(json.dumps(told, separators=(",", ":"))) + "\n", "utf-8")
