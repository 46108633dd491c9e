"""`python -m benchmarks accuracy`: what the observer says of known waits, beside what `strace -f -T` says.

strace sees each system call begin and end; the observer samples. Each program of `benchmarks.waits` runs under one and
then under the other, and their totals by thread and call are compared. They are two runs, so the waits are such as
last equally long each time.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import waits
from benchmarks.measure import (
    Case,
    Figures,
    Goal,
    Row,
    UnavailableError,
    WrongError,
    interleave,
    number,
    spread,
)
from compare.scenarios.script import program as script

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.__main__ import Options
    from benchmarks.measure import Seen

WORKS = tuple(waits.EXPECTED)
TITLE = "waits: the observer's total for each thread and call, beside strace's"
UNIT = "ms apart"
SHARE, LEAST_MS = 0.1, 5.0
"""How far they may be apart: a tenth of what strace says, or so many milliseconds where that is less."""

PROGRAM_S = 60.0
MAIN = "MainThread"
WHOLE = re.compile(r"^(\d+) +(\w+)\(.*<(\d+\.\d+)>$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>.*<(\d+\.\d+)>$")
MARK = re.compile(r"^(\d+) +\w*access\w*\(.*\"(/benchmarks-\w+)\"")


def measure(options: Options) -> list[Row]:
    """Run every program that is asked for under both."""
    if shutil.which("strace") is None:
        message = "strace is not installed, and it is what the observer is compared with: apt-get install strace"
        raise UnavailableError(message)
    made: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        for program in filter(options.wants, WORKS):
            cases = [
                Case(who, "ours" if who == "observer" else "limit", partial(run, program, Path(folder)))
                for who, run in (("observer", _observed), ("strace", _traced))
            ]
            made += _rows(program, interleave(cases, min(3, options.rounds), options.chooser))
    return made


def _observed(program: str, folder: Path) -> Figures:
    """What the observer says, in milliseconds by thread and call."""
    row, status = script.run(["benchmarks.waits", program, str(folder / "names")], flag="-m")
    if status or row.observation is None:
        message = f"{program} ended with status {status} under the observer"
        raise WrongError(message)
    totals: defaultdict[str, float] = defaultdict(float)
    for finding in row.observation.findings:
        if finding.call in waits.EXPECTED[program]:
            totals[f"{_who(finding.thread)} in {finding.call}"] += finding.total_ms
    return dict(totals)


def _traced(program: str, folder: Path) -> Figures:
    """What strace says."""
    trace, names = folder / "trace", folder / "names"
    command = [
        "strace",
        "-f",
        "-T",
        "-qq",
        "-o",
        str(trace),
        sys.executable,
        "-m",
        "benchmarks.waits",
        program,
        str(names),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PROGRAM_S, check=False)
    if done.returncode:
        words = done.stderr.strip().splitlines()
        message = f"it can't trace here: {words[-1][:160] if words else 'without a word'}"
        raise UnavailableError(message)
    known = {int(tid): name for tid, name in json.loads(names.read_text()).items()}
    with trace.open(errors="replace") as lines:
        return totals(lines, known, waits.EXPECTED[program])


def totals(lines: Iterable[str], names: dict[int, str], calls: frozenset[str]) -> Figures:
    """Sum up what `strace -f -T` wrote.

    Args:
        lines: of its output.
        names: of the threads that are asked about, by their ids.
        calls: that are asked about.

    Returns:
        Milliseconds by thread and call, between the two marks.
    """
    sums: defaultdict[str, float] = defaultdict(float)
    counts = False
    for line in lines:
        if mark := MARK.match(line):
            counts = mark[2] == waits.BEGIN
            continue
        call = WHOLE.match(line) or RESUMED.match(line)
        if counts and call and call[2] in calls and int(call[1]) in names:
            sums[f"{_who(names[int(call[1])])} in {call[2]}"] += float(call[3]) * 1000
    return dict(sums)


def _who(thread: str) -> str:
    """A pool's threads are summed up: which of them gets which work is chance, and trio names them anew for each."""
    return thread if thread == MAIN else "a worker"


def _rows(program: str, seen: list[Seen]) -> list[Row]:
    observer, strace = seen
    trouble = observer.trouble or strace.trouble
    if trouble:
        return [Row(TITLE, program, "ours", UNIT, None, note=trouble)]
    made = []
    for unit in dict.fromkeys(key for figures in strace.rounds.values() for key in figures):
        theirs = spread([figures.get(unit, 0.0) for figures in strace.rounds.values()])
        ours = spread([figures.get(unit, 0.0) for figures in observer.rounds.values()])
        apart = [abs(figures.get(unit, 0.0) - theirs.median) for figures in observer.rounds.values()]
        goal = Goal(program, UNIT, "value", max(SHARE * theirs.median, LEAST_MS))
        note = f"observer {number(ours.median)} ms, strace {number(theirs.median)} ms"
        made.append(Row(TITLE, f"{program}: {unit}", "ours", UNIT, spread(apart), goals=(goal,), note=note))
    return made
