"""`python -m tests.others SUITE …`: other people's tests, run plain, observed and under the plugin; what differs."""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.others.differences import differences
from tests.others.fetch import NoTestsError, lacking, place
from tests.others.runs import WAYS, Ran, Way, applies, run
from tests.others.suites import SUITES, Suite, named

if TYPE_CHECKING:
    from collections.abc import Sequence

KEPT = "where sources, environments and logs are kept (default: others, among temporary files)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status: 0 when nothing differs, 1 when something does or a suite can't be had."""
    options = _parser().parse_args(arguments)
    try:
        suites = [named(name) for name in options.suites]
    except ValueError as error:
        _parser().error(str(error))
    options.scratch.mkdir(parents=True, exist_ok=True)
    return max(_tried(replace(suite, arguments=(*suite.arguments, *options.arguments)), options) for suite in suites)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.others", description=__doc__)
    add = parser.add_argument
    add("suites", nargs="+", metavar="SUITE", help=f"a folder with tests for pytest, or: {', '.join(SUITES)}")
    add("--times", type=int, default=1, metavar="N", help="how often each way (default: 1)")
    add("--ways", nargs="+", choices=WAYS, default=WAYS, help="plain is always among them")
    add("--limit", type=float, default=1800.0, metavar="S", help="for each run (default: 1800)")
    add("--scratch", type=Path, default=Path(tempfile.gettempdir(), "others"), metavar="FOLDER", help=KEPT)
    add("--arguments", nargs=argparse.REMAINDER, default=[], help="what follows is given to the suite's runner")
    return parser


def _tried(suite: Suite, options: argparse.Namespace) -> int:
    try:
        python, folder = place(suite, options.scratch.resolve())
    except NoTestsError as error:
        print(f"{suite.name}: can't be run: {error}")
        return 1
    if missing := lacking(suite):
        print(f"{suite.name}: this Python was installed without {', '.join(missing)}")
        suite = replace(suite, arguments=tuple(each for each in suite.arguments if each not in missing))
        if not any(each.startswith("test_") for each in suite.arguments):  # the runner would take all there are
            return 1
    ways: list[Way] = [way for way in WAYS if way in (*options.ways, "plain") and applies(suite, way)]
    runs: dict[Way, list[Ran]] = {way: [] for way in ways}
    for number in range(options.times):
        for way in ways:
            log = options.scratch / f"{suite.name}-{way}-{number}.log"
            ran = run(suite, way, python, folder, limit=options.limit, log=log)
            runs[way].append(ran)
            ended = "not done within the limit" if ran.status is None else f"exit status {ran.status}"
            print(f"{suite.name} {way:<8} {number + 1}: {ended}; {ran.totals()}", flush=True)
    lines = list(differences(runs))
    print(f"{suite.name}: " + ("the same" if not lines else f"{len(lines)} differences"))
    for line in lines:
        print(f"  {line}")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
