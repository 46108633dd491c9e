"""What has been measured, as `python -m docs.measure` left it under `docs/measured/`.

Missing data is no error: a page of a recipe that nobody has measured yet still builds, and says how to measure it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.catalogue import scenarios
from compare.report.data.json import from_json

if TYPE_CHECKING:
    from compare.catalogue import Scenario
    from compare.results import Run

MEASURED = Path(__file__).resolve().parent.parent / "measured"
MAIN = "3.13"
"""The Python that the pages' figures are of; those of another lie in a folder that has its name, such as `3.15`."""
TRANSCRIPTS = ("transcripts", "tries")
"""The files of what commands printed."""


def cases(folder: str) -> tuple[str, ...]:
    """What a recipe's page shows of it: a case for each workload of the scenario that its folder is of."""
    return tuple(
        case_of(each, workload) for each in scenarios() if each.folder == folder for workload in each.workloads
    )


def case_of(scenario: Scenario, workload: str) -> str:
    """What a workload of a scenario is called among the measured data: `file-cold`."""
    return f"{scenario.name}-{workload}"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One command's rows for one case, and where they come from.

    Attributes:
        runs: those of a comparison.
        rows: those of a benchmark, as in its JSON.
        command: the line that repeats it.
        machine: platform, processors, what others used of them where that is known, and Python, in one line.
        date: year, month and day.
        path: the file it was read from.
    """

    runs: tuple[Run, ...]
    rows: tuple[dict[str, Any], ...]
    command: str
    machine: str
    date: str
    path: Path


def folder_of(python: str) -> Path:
    """Where what was measured under a Python lies, or would lie."""
    return MEASURED if python == MAIN else MEASURED / python


def other_pythons() -> list[str]:
    """The other Pythons under which something was measured, the oldest first."""
    found = [path.name for path in MEASURED.glob("*.*") if path.is_dir()]
    return sorted(found, key=lambda name: [int(part) for part in name.split(".")])


def measurement(name: str, python: str = MAIN) -> Measurement | None:
    """Load one case of `docs.measure`, e.g. `file-cold`; `None` when it has not been measured under this Python."""
    path = folder_of(python) / f"{name}.json"
    data = _load(path)
    return None if data is None else _measurement(path, data, runs=from_json(data).runs)


def benchmark(name: str) -> Measurement | None:
    """Load what `python -m benchmarks NAME` measured; `None` when it has not been measured."""
    path = MEASURED / f"bench-{name}.json"
    data = _load(path)
    return None if data is None else _measurement(path, data, rows=tuple(data["rows"]))


def benchmarks() -> list[str]:
    """Those that have been measured."""
    return sorted(path.stem.removeprefix("bench-") for path in MEASURED.glob("bench-*.json"))


def _measurement(
    path: Path, data: dict[str, Any], runs: tuple[Run, ...] = (), rows: tuple[dict[str, Any], ...] = ()
) -> Measurement:
    others = f", of which others used {data['others']:.2f}" if data.get("others") is not None else ""
    machine = f"{data['platform']}, {data['cpus']} CPUs{others}, Python {data['python']}"
    return Measurement(runs, rows, " ".join(data["command"]), machine, data["started"][:10], path)


def picture(name: str, variant: str, backend: str | None) -> Path:
    """Where the timeline of one row of a case is, or would be."""
    return MEASURED / "svg" / f"{name}-{variant}-{(backend or 'none').replace('+', '-')}.svg"


def faults() -> dict[str, dict[str, dict[str, str]]]:
    """Who stands what: `{recipe: {backend: {fault: verdict}}}`, as the tests wrote it."""
    return _load(MEASURED / "faults.json") or {}


def claims(python: str = MAIN) -> dict[str, Any]:
    """The seven verdicts, as `python -m compare claims --json FILE` wrote them."""
    return _load(folder_of(python) / "claims.json") or {}


@dataclass(frozen=True, slots=True)
class Printed:
    """What a command printed, and where: the machine, the Python and the day in one line."""

    text: str
    where: str


def transcripts() -> dict[str, Printed]:
    """What commands printed, by the command: those of the pages, of the pitfalls, and of the things to try."""
    return {
        command: Printed(
            text, f"{data['platform']}, {data['cpus']} CPUs, Python {data['python']}, {data['started'][:10]}"
        )
        for name in TRANSCRIPTS
        if (data := _load(MEASURED / f"{name}.json")) is not None
        for command, text in data["printed"].items()
    }


def _load(path: Path) -> Any:
    return json.loads(path.read_text("utf-8")) if path.is_file() else None
