"""Fails unless a file of `compare --json` keeps to its schema, and each row is well or skipped with a reason.

Nor may a row's figures contradict each other: no thread waits for longer than the row lasts.
"""
# ruff: noqa: INP001  a program for .ci/run

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema

from compare.report.data.json import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDED = 1.001
"""Figures of the same moment may differ in their last digits."""


def longer(run: dict[str, Any]) -> Iterator[str]:
    """What is told of a row to have lasted longer than the row itself; workers, of which there are many, in all may."""
    if run["seconds"] is None:
        return
    most = run["seconds"]["max"] * 1000 * ROUNDED
    waits = [("the loop", run["loop"]["longest_ms"], run["loop"]["total_ms"])] if run["loop"] else []
    waits += [
        (f"{each['thread']}: {each['place']}", each["longest_ms"], 0 if each["role"] == "worker" else each["total_ms"])
        for each in run["findings"]
    ]
    for what, longest, total in waits:
        if max(longest, total) > most:
            row = f"{run['variant']} on {run['backend']}, {run['workload']}"
            yield f"{row}: {what}: {longest} ms, {total} ms in all, of {run['seconds']['max'] * 1000} ms"


def main(name: str) -> int:
    """Check one file; return the exit status."""
    told = json.loads(Path(name).read_text("utf-8"))
    jsonschema.Draft202012Validator(schema()).validate(told)
    runs = told["runs"]
    told_why = ("skipped", "starves")
    bad = [run for run in runs if run["outcome"] != "ok" and not (run["outcome"] in told_why and run["reason"])]
    for run in bad:
        sys.stderr.write(f"{run['variant']} on {run['backend']}: {run['outcome']}: {run['reason']}\n")
    contradictions = [contradiction for run in runs for contradiction in longer(run)]
    for contradiction in contradictions:
        sys.stderr.write(f"{contradiction}\n")
    if not any(run["outcome"] == "ok" for run in runs):
        sys.stderr.write("no row is ok\n")
        return 1
    sys.stdout.write(f"{dict(Counter(run['outcome'] for run in runs))}\n")
    return 1 if bad or contradictions else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
