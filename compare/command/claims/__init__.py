"""`python -m compare claims`: seven claims about I/O models, each tried by an experiment on this machine.

The claims are those of a widespread course on I/O models, in its words. An experiment looks at what threads wait in, or
asks a loop whether it answers; no result depends on comparing durations.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import sys
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from compare.command.claims.claim import CannotTryError, Claim, Seen, Verdict
from compare.scenarios.shared.argument_types import Parser

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CannotTryError", "Claim", "Seen", "Verdict", "all_claims", "judge", "main"]


def all_claims() -> tuple[Claim, ...]:
    """The seven, in the course's order."""
    from compare.command.claims import files, servers  # noqa: PLC0415  they import asyncio, which --help need not pay for

    return (
        Claim("C1", "thread, process, thread-pool and process-pool servers are all blocking I/O", servers.all_block),
        Claim("C2", "nonblocking I/O gives single-thread concurrency and burns CPU", servers.nonblocking_burns),
        Claim(
            "C3",
            "with multiplexing, one blocking wait covers all connections, and less work is done per connection",
            servers.one_wait_for_all,
        ),
        Claim("C4", "a coroutine is a form of nonblocking I/O", servers.coroutine_is_nonblocking),
        Claim("C5", "nonblocking I/O and multiplexing solve only network I/O", files.readiness_is_for_sockets),
        Claim("C6", "local I/O can be moved to a thread or a process, which still blocks", files.moved_and_blocks),
        Claim("C7", "asyncio is the final answer, local I/O included", files.asyncio_is_the_answer),
    )


def judge(claim: Claim) -> Verdict:
    """Try one claim on this machine."""
    try:
        seen = claim.experiment()
    except CannotTryError as reason:
        return Verdict(claim.id, claim.claim, "can't be tried here", f"because {reason}")
    return Verdict(claim.id, claim.claim, "true" if seen.holds else "false", seen.figure)


def main(arguments: Sequence[str]) -> int:
    """Try all seven (or those named), print each verdict as it comes; return the exit status."""
    claims = all_claims()
    told = "Try seven claims about I/O models on this machine."
    parser = Parser("python -m compare claims", description=told, epilog="")
    parser.add_argument("--only", nargs="+", metavar="ID", choices=[each.id for each in claims], help="C1 to C7")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the verdicts as JSON, too")
    options = parser.read(arguments)
    verdicts = []
    for claim in claims:
        if options.only is None or claim.id in options.only:
            verdicts.append(judge(claim))
            sys.stdout.write(_told(verdicts[-1]))
            sys.stdout.flush()
    if options.json:
        try:
            options.json.write_text(json.dumps(_record(verdicts), indent=1) + "\n", "utf-8")
        except OSError as error:
            sys.stderr.write(f"can't write {options.json}: {error.strerror}: give --json a file that can be written\n")
            return 2
    return 0


def _told(verdict: Verdict) -> str:
    width = 79
    claim = textwrap.fill(f"{verdict.id}  {verdict.claim}", width, subsequent_indent="    ")
    told = textwrap.fill(f"{verdict.verdict}: {verdict.figure}", width, initial_indent="    ", subsequent_indent="    ")
    return f"{claim}\n{told}\n"


def _record(verdicts: list[Verdict]) -> dict[str, object]:
    return {
        "command": ["python", "-m", "compare", "claims"],
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "started": dt.datetime.now().astimezone().isoformat(timespec="seconds"),
        "claims": [asdict(each) for each in verdicts],
    }
