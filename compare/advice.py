"""One sentence for a finding: what waits, for what, and the usual way out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compare.results import Finding, Site


def sentence(finding: Finding) -> str:
    """Return what happened and what helps: "the loop waits in `read` for /tmp/x at app.py:21: hand it to a thread"."""
    return f"{what(finding)}: {way_out(finding)}"


def what(finding: Finding) -> str:
    """Return who waits, in what, for what, and where."""
    who = {"loop": "the loop", "main": "the main thread", "worker": f"worker {finding.thread}"}.get(
        finding.role, f"thread {finding.thread}"
    )
    for_target = f" for {finding.target}" if finding.target else ""
    at = f" at {short(finding.site)}" if finding.site is not None else ""
    match finding.place, finding.kind:
        case "lock", _:
            through = f" (in `{finding.call}`)" if finding.call else ""
            return f"{who} waits{for_target or ' for a lock'}{through}{at}"
        case "gil", _:
            while_in = f" while it waits in `{finding.call}`" if finding.call else ""
            return f"the loop waits for the GIL, which thread {finding.thread} keeps{while_in}{at}"
        case "page-fault", _:
            return f"{who} waits for pages of {finding.target or 'memory'} to be read{at}"
        case "busy-cpu", "busy-polling":
            return f"{who} turns without ever waiting{at}"
        case "busy-cpu", "backlog":
            return f"{who} is behind with many short callbacks"
        case "busy-cpu", _:
            return f"{who} computes{at}"
        case "pool-queue", _:
            return f"work{at} waits in line for a {finding.thread}" + (f", {finding.target}" if finding.target else "")
        case "kernel", "stopped":
            return "a signal stopped the process"
        case "kernel", _:
            return f"{who} was ready to run and got no CPU"
        case _, "page-fault":
            return f"{who} waits for pages of {finding.target or 'memory'} to be read{at}"
    return f"{who} waits in `{finding.call}`{for_target}{at}"


def way_out(finding: Finding) -> str:
    """Return the usual remedy."""
    match finding.place, finding.kind:
        case "loop-thread", _:
            return "hand it to a thread, or use the library's own asynchronous way"
        case "lock", _:
            return "wait for it in a thread, or use the event loop's own lock, queue or future"
        case "gil", _:
            return "give that work to a process, or call C that lets go of the GIL"
        case "page-fault", _:
            return "touch the pages in a thread, or read the file instead of mapping it"
        case "busy-cpu", "busy-polling":
            return "wait for an event, not for the next turn"
        case "busy-cpu", "backlog":
            return "no single line is to blame: do less in each callback, or share the work between processes"
        case "busy-cpu", _:
            return "give it to a process, or do it in smaller pieces"
        case "pool-queue", _:
            return "a larger pool, shorter work, or a pool of its own for what is slow"
        case "kernel", _:
            return "not the program's fault"
    return "a worker may wait; it can't do other work meanwhile"


def short(site: Site) -> str:
    """Return `file.py:21`, the file relative to the current directory where it lies below it."""
    here = os.getcwd() + os.sep  # noqa: PTH109  compared as text
    return f"{site.file.removeprefix(here)}:{site.line}"
