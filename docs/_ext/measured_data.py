"""What has been measured, as `python -m docs.measure` left it under `docs/measured/`.

Missing data is no error: a page of a recipe that nobody has measured yet still builds, and says how to measure it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEASURED = Path(__file__).resolve().parent.parent / "measured"
SCENARIOS = {"file_read": "file", "tcp_echo": "net"}
CASES: dict[str, tuple[str, ...]] = {
    "file_read": ("file-warm", "file-cold", "file-slow"),
    "tcp_echo": ("net-busy", "net-hold"),
}
"""What a recipe's page shows of it."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One command's rows for one case, and where they come from.

    Attributes:
        runs: as in the JSON of `compare`, or the rows of a benchmark's.
        command: the line that repeats it.
        machine: platform, processors and Python, in one line.
        date: year, month and day.
        path: the file it was read from.
    """

    runs: tuple[dict[str, Any], ...]
    command: str
    machine: str
    date: str
    path: Path

    def of(self, variant: str, backend: str | None = None) -> dict[str, Any] | None:
        """The row of a variant; its first backend when none is named."""
        rows = [run for run in self.runs if run["variant"] == variant]
        return next((run for run in rows if backend in (None, run["backend"])), None)


def measurement(name: str) -> Measurement | None:
    """Load one case of `docs.measure`, e.g. `file-cold`; `None` when it has not been measured."""
    return _measurement(MEASURED / f"{name}.json", "runs")


def benchmark(name: str) -> Measurement | None:
    """Load what `python -m benchmarks NAME` measured, rows as in its JSON; `None` when it has not been measured."""
    return _measurement(MEASURED / f"bench-{name}.json", "rows")


def _measurement(path: Path, rows: str) -> Measurement | None:
    data = _load(path)
    if data is None:
        return None
    machine = f"{data['platform']}, {data['cpus']} CPUs, Python {data['python']}"
    command = " ".join(data["command"])
    return Measurement(tuple(data[rows]), command, machine, data["started"][:10], path)


def picture(name: str, variant: str, backend: str | None) -> Path:
    """Where the timeline of one row of a case is, or would be."""
    return MEASURED / "svg" / f"{name}-{variant}-{(backend or 'none').replace('+', '-')}.svg"


def faults() -> dict[str, dict[str, dict[str, str]]]:
    """Who stands what: `{recipe: {backend: {fault: verdict}}}`, as the tests wrote it."""
    return _load(MEASURED / "faults.json") or {}


def claims() -> dict[str, Any]:
    """The seven verdicts, as `python -m compare claims --json FILE` wrote them."""
    return _load(MEASURED / "claims.json") or {}


def transcripts() -> dict[str, str]:
    """What commands printed: `{command: output}`."""
    return _load(MEASURED / "transcripts.json") or {}


def _load(path: Path) -> Any:
    return json.loads(path.read_text("utf-8")) if path.is_file() else None
