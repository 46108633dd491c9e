"""Fails unless a file of `compare --json` keeps to its schema, and each row is well or skipped with a reason."""
# ruff: noqa: INP001  a program for .ci/run

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import jsonschema

from compare.report.json import schema


def main(name: str) -> int:
    """Check one file; return the exit status."""
    told = json.loads(Path(name).read_text("utf-8"))
    jsonschema.Draft202012Validator(schema()).validate(told)
    runs = told["runs"]
    told_why = ("skipped", "starves")
    bad = [run for run in runs if run["outcome"] != "ok" and not (run["outcome"] in told_why and run["reason"])]
    for run in bad:
        sys.stderr.write(f"{run['variant']} on {run['backend']}: {run['outcome']}: {run['reason']}\n")
    if not any(run["outcome"] == "ok" for run in runs):
        sys.stderr.write("no row is ok\n")
        return 1
    sys.stdout.write(f"{dict(Counter(run['outcome'] for run in runs))}\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
