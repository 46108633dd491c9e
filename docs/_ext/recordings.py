"""What `python -m docs.measure recordings` recorded: a run of each recipe, for the player, one file each.

A recording holds the code as it was when it was made; whether that is still the file's is told.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from compare.catalogue import scenarios
from docs._ext.measured_data import MEASURED, case_of

if TYPE_CHECKING:
    from pathlib import Path

    from compare.catalogue import Scenario

ROOT = MEASURED.parent.parent
RECORDINGS = MEASURED / "recordings"

FIRST = ("file-slow", "net-hold", "write-slow", "serve-slow", "pipes-many")
"""The workloads that show most: a recipe's recording is of the first of these that it takes part in."""
CASES = (
    *FIRST,
    *(case for each in scenarios() for workload in each.workloads if (case := case_of(each, workload)) not in FIRST),
)
"""And then of any other."""


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
    cases = ["pitfalls"] if folder == "pitfalls" else [case for case in CASES if case.partition("-")[0] in names]
    found = ((case, recording(case, variant)) for case in cases)
    return next(((case, told) for case, told in found if told is not None), None)


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
