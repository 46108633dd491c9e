"""What `python -m docs.measure recordings` recorded: a run of each recipe, for the player, one file each.

A recording holds the code as it was when it was made; whether that is still the file's is told.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from compare.catalogue import scenarios
from docs._ext.measured_data import MEASURED, case_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from compare.catalogue import Scenario

ROOT = MEASURED.parent.parent
RECORDINGS = MEASURED / "recordings"

FIRST = ("file-slow", "file-cold", "net-hold", "net-busy", "write-slow", "serve-slow", "pipes-many")
"""The workloads that show most: a page shows the first in which threads wait at its lines, or else stand there."""
PITFALLS = "pitfalls"
"""What a pitfall's recording is of: the program itself. The folder has the same name."""
STANDS = 0.1
"""The share of a run's time in which one must stand there, for a recording to show much."""
CASES = (
    *FIRST,
    *(case for each in scenarios() for workload in each.workloads if (case := case_of(each, workload)) not in FIRST),
)
"""And then any other."""


def path_of(case: str, variant: str) -> Path:
    """Where a recording is, or would be."""
    return RECORDINGS / f"{case}-{variant}.json"


def recording(case: str, variant: str) -> dict[str, Any] | None:
    """Load one; `None` where there is none."""
    path = path_of(case, variant)
    if not path.is_file():
        return None
    told: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return told


def recording_of(folder: str, variant: str) -> tuple[str, dict[str, Any]] | None:
    """Load what a recipe's page shows, and the case that it is of."""
    names = {each.name for each in scenarios() if each.folder == folder}
    cases = [PITFALLS] if folder == PITFALLS else [case for case in CASES if case.partition("-")[0] in names]
    found = [(case, told) for case in cases if (told := recording(case, variant)) is not None]
    shows = (each for look in (waits, stands) for each in found if look(each[1]) >= STANDS)
    return next(shows, found[0] if found else None)


def waits(told: dict[str, Any]) -> float:
    """The share of the run's time in which threads wait at lines that are shown, all threads added up."""
    return _share(told, lambda state: bool(told["states"][state][3]))


def stands(told: dict[str, Any]) -> float:
    """The same, in whatever state they are there."""
    return _share(told, lambda _: True)


def _share(told: dict[str, Any], wanted: Callable[[int], bool]) -> float:
    [run] = told["runs"]
    sites = [bool(told["files"][file]["parts"]) for file, _, _ in run["sites"]]
    shown = [site >= 0 and sites[site] and wanted(state) for state, _, _, site in run["kinds"]]
    spans = [thread["spans"] for thread in run["threads"] if thread["role"]]
    at_lines: int = sum(us for flat in spans for us, kind in zip(flat[::2], flat[1::2], strict=True) if shown[kind])
    return at_lines / max(int(run["us"]), 1)


def is_current(told: dict[str, Any]) -> bool:
    """Whether the code that a recording shows is what the files have now."""
    return all(_has(ROOT / file["name"], part) for file in told["files"] for part in file["parts"])


def _has(path: Path, part: list[Any]) -> bool:
    first, text = part
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError:
        return False
    shown: list[str] = text.split("\n")
    return lines[first - 1 : first - 1 + len(shown)] == shown


def workload_of(case: str) -> tuple[Scenario, list[str]]:
    """The scenario that a case is of, and the option that picks its workload."""
    for each in scenarios():
        for workload in each.workloads:
            if case_of(each, workload) == case:
                return each, [f"--{each.workload}", workload] if each.workloads[1:] else []
    message = f"{case}: expected a workload of a scenario, of which there are {', '.join(CASES)}"
    raise ValueError(message)
