"""Recordings of the recipes, for the player: what `python -m docs.measure recordings` makes.

Each recipe is recorded in the first workload that it takes part in, and each pitfall as the program that it is. A file
holds one run, with the code that it is of; paths of the machine are taken out by whoever calls.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.report.recording import parts_of
from docs._ext.recordings import CASES, RECORDINGS, ROOT, path_of, workload_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Run = Callable[[list[str]], str]
    Clean = Callable[[str], str]


def every(run: Run, clean: Clean) -> None:
    """Record all recipes anew.

    Args:
        run: runs a command in the repository, and fails where it measures nothing.
        clean: takes the machine's folders out of a text.
    """
    RECORDINGS.mkdir(exist_ok=True)
    _compared(run, clean)
    for path in _recipes("pitfalls"):
        _script(path.stem, run, clean)


def _compared(run: Run, clean: Clean) -> None:
    done: set[tuple[str, str]] = set()
    for case in CASES:
        scenario, option = workload_of(case)
        left = [path.stem for path in _recipes(scenario.folder) if (scenario.folder, path.stem) not in done]
        if not left:
            continue
        words = ["python", "-m", "compare", scenario.name, *option, "--only", *left]
        for told in _recorded(words, run, clean):
            variant = told["runs"][0]["name"].partition(" on ")[0]
            if (scenario.folder, variant) not in done:  # the first backend stands for the others
                done.add((scenario.folder, variant))
                words_of_it = ["python", "-m", "compare", scenario.name, *option, "--only", variant]
                whole = with_code(told, ROOT / "recipes" / scenario.folder / f"{variant}.py")
                _write(path_of(case, variant), whole | {"command": words_of_it}, clean)


def _script(name: str, run: Run, clean: Clean) -> None:
    words = ["python", "-m", "compare", "script"]
    module = ["-m", f"recipes.pitfalls.{name}"]
    for told in _recorded(words, run, clean, module):
        whole = with_code(told, ROOT / "recipes" / "pitfalls" / f"{name}.py")
        _write(path_of("pitfalls", name), whole | {"command": [*words, *module]}, clean)


def _recorded(words: list[str], run: Run, clean: Clean, program: Iterable[str] = ()) -> list[dict[str, Any]]:
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
