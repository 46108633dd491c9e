"""Which command is asked for: each is imported when it is."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from compare import catalogue
from compare.command import arguments, output

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Do what the arguments ask for, and return the exit status."""
    name, rest = (argv[0], argv[1:]) if argv else ("--help", [])
    if name in catalogue.names():
        return _compare(name, rest)
    if name in arguments.OTHERS:
        return _other(name, rest)
    if name in ("--help", "-h"):
        return output.written(sys.stdout, arguments.overview(), 0)
    if name == "--version":
        return output.written(sys.stdout, f"{arguments.version()}\n", 0)
    return output.complain(arguments.unknown(name))


def _other(name: str, rest: Sequence[str]) -> int:
    match name:
        case "list":
            from compare.command import listing  # noqa: PLC0415

            return listing.main(arguments.listing().read(rest).scenario)
        case "script":
            from compare.command import script  # noqa: PLC0415

            return script.main(rest)
    from compare.command import claims  # noqa: PLC0415

    signal.signal(signal.SIGINT, signal.default_int_handler)
    return claims.main(rest)


def _compare(name: str, rest: Sequence[str]) -> int:
    from compare.command import comparison  # noqa: PLC0415

    scenario = catalogue.scenario_of(name)
    options = arguments.comparison(scenario).read(rest)
    return comparison.main(scenario, options, ("python", "-m", "compare", name, *rest))
