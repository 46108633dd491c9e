"""One sentence for a finding: what waits, for what, and the usual way out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..results import Finding, Site


def sentence(finding: Finding) -> str:
    """Return what happened and what helps: "the loop waits in `read` for /tmp/x at app.py:21: hand it to a thread"."""
    return f"{what(finding)}: {way_out(finding)}"


WHAT: dict[tuple[str, str | None], str] = {
    ("lock", None): "{who} waits for {lock}{through}{at}",
    ("gil", None): "the loop waits for the GIL, which thread {thread} keeps{meanwhile}{at}",
    ("page-fault", None): "{who} waits for pages of {pages} to be read{at}",
    ("worker-thread", "page-fault"): "{who} waits for pages of {pages} to be read{at}",
    ("busy-cpu", "busy-polling"): "{who} turns without ever waiting{at}",
    ("busy-cpu", "backlog"): "{who} is behind with many short callbacks",
    ("busy-cpu", "compute"): "{who} computes{at}",
    ("busy-cpu", "gc"): "{who} collects garbage{generation}{times}{at}",
    ("pool-queue", None): "work{at} waits in line for a {thread}{ahead}",
    ("kernel", "stopped"): "a signal stopped the process",
    ("kernel", "starved"): "{who} was ready to run and got no CPU",
}
"""Who waits for what, by place and kind."""

WAY_OUT: dict[tuple[str, str | None], str] = {
    ("loop-thread", None): "hand it to a thread, or use the library's own asynchronous way",
    ("lock", None): "wait for it in a thread, or use the event loop's own lock, queue or future",
    ("gil", None): "give that work to a process, or call C that lets go of the GIL",
    ("page-fault", None): "touch the pages in a thread, or read the file instead of mapping it",
    ("busy-cpu", "busy-polling"): "wait for an event, not for the next turn",
    ("busy-cpu", "backlog"): "no single line is to blame: do less in each callback, or share it between processes",
    ("busy-cpu", "compute"): "give it to a process, or do it in smaller pieces",
    ("busy-cpu", "gc"): "keep fewer objects that refer to others, `gc.freeze()` those that stay, "
    "or collect less often (`gc.set_threshold`)",
    ("pool-queue", None): "a larger pool, shorter work, or a pool of its own for what is slow",
    ("kernel", "stopped"): "not the program's fault",
    ("kernel", "starved"): "not the program's fault",
}
"""What usually helps, by place and kind."""


def what(finding: Finding) -> str:
    """Return who waits, in what, for what, and where."""
    who = {"loop": "the loop", "main": "the main thread", "worker": f"worker {finding.thread}"}
    told = WHAT.get((finding.place, finding.kind), "{who} waits in `{call}`{target}{at}")
    return told.format(
        who=who.get(finding.role, f"thread {finding.thread}"),
        thread=finding.thread,
        call=finding.call,
        target=f" for {finding.target}" if finding.target else "",
        lock=finding.target or "a lock",
        pages=finding.target or "memory",
        through=f" (in `{finding.call}`)" if finding.call else "",
        meanwhile=f" while it waits in `{finding.call}`" if finding.call else "",
        generation=f" ({finding.target})" if finding.target else "",
        times=f", {finding.count} times" if finding.count > 1 else "",
        ahead=f", {finding.target}" if finding.target else "",
        at=_at(finding),
    )


def _at(finding: Finding) -> str:
    """Say where: the user's line; else the library's, said to be that, and what the loop ran."""
    site = finding.site
    if site is not None and site.owner == "user":
        return f" at {short(site)}"
    ran = f" in {finding.task}" if finding.task is not None else ""
    if site is not None:
        return f"{ran} at {short(site)}, the library's own line"
    nameless = finding.place not in {"loop-thread", "lock", "page-fault", "busy-cpu"} or finding.kind in {
        "gc",
        "backlog",
    }
    return "" if nameless or finding.role != "loop" else f"{ran}, at no line of yours"


def way_out(finding: Finding) -> str:
    """Return the usual remedy."""
    return WAY_OUT.get((finding.place, finding.kind), "a worker may wait; it can't do other work meanwhile")


def short(site: Site) -> str:
    """Return `file.py:21`, the file relative to the current directory where it lies below it."""
    here = os.getcwd() + os.sep  # noqa: PTH109  compared as text
    return f"{site.file.removeprefix(here)}:{site.line}"
