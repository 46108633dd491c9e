"""One sentence for a finding: what waits, for what, and the usual way out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .gathered import Gathered

if TYPE_CHECKING:
    from ..results import Finding, MayBlock, Nature, Site


WHAT: dict[tuple[str, str | None], str] = {
    ("lock", None): "{who} wait{s} for {lock}{through}{at}",
    ("lock", "import"): "{who} wait{s} for {lock}{through}{at}",
    ("gil", None): "the loop waits for the GIL, which {thread} holds{meanwhile}{at}",
    ("gil", "gc"): "the loop waits for the GIL, which {thread} holds while it collects garbage{at}",
    ("page-fault", None): "{who} wait{s} for pages of {pages} to be read{at}",
    ("worker-thread", "page-fault"): "{who} wait{s} for pages of {pages} to be read{at}",
    ("worker-thread", "exit"): "the program's exit waits{target}",
    ("worker-thread", "hops"): "{count} hops to a thread and back{at}{target}",
    ("busy-cpu", "busy-polling"): "{who} poll{s} again and again and never block{s}{at}",
    ("busy-cpu", "backlog"): "{who} {has} a backlog of short callbacks{ahead}",
    ("busy-cpu", "compute"): "{who} compute{s}{at}",
    ("busy-cpu", "gc"): "{who} collect{s} garbage{generation}{times}{at}",
    ("pool-queue", None): "work submitted{at} is queued for the {thread}{ahead}",
    ("kernel", "stopped"): "a signal stopped the process",
    ("kernel", "starved"): "{who} could run and got no CPU",
    ("kernel", "starved-thread"): "{who} wait{s} for {lock}, which could run and got no CPU{at}",
    ("kernel", "starved-holder"): "the loop waits for the GIL, which {thread} holds; it could run and got no CPU{at}",
}
"""Who waits for what, by place and kind."""

FEWER = (
    "keep fewer objects that refer to others, `gc.freeze()` those that stay, or collect less often (`gc.set_threshold`)"
)
WAY_OUT: dict[tuple[str, str | None], str] = {
    ("loop-thread", None): "hand it to a thread, or use the library's own asynchronous way",
    ("lock", None): "wait for it in a thread, or use the event loop's own lock, queue or future",
    ("lock", "import"): "import it before the loop runs",
    ("gil", None): "give that work to a process, or call C that releases the GIL",
    ("page-fault", None): "touch the pages in a thread, or read the file instead of mapping it",
    ("worker-thread", "exit"): "end the work before, or hand it to a daemon",
    ("worker-thread", "hops"): "do more in each hop: read more at a time",
    ("busy-cpu", "busy-polling"): "wait for an event, not for the next turn",
    ("busy-cpu", "backlog"): "do less in each callback, or share it between processes",
    ("busy-cpu", "compute"): "give it to a process, or do it in smaller pieces",
    ("busy-cpu", "gc"): FEWER,
    ("gil", "gc"): FEWER,
    ("pool-queue", None): "a larger pool, shorter work, or a pool of its own for what is slow",
    ("kernel", "stopped"): "not the program's fault",
    ("kernel", "starved"): "not the program's fault",
    ("kernel", "starved-thread"): "not the program's fault",
    ("kernel", "starved-holder"): "not the program's fault",
}
"""What usually helps, by place and kind."""


WAY_OUT_OF_CALL: dict[Nature, str] = {
    "files": "do it in a thread (`asyncio.to_thread`, `anyio.to_thread.run_sync`), or once before the loop runs",
    "lock": "wait for it in a thread, or ask without waiting and try again later",
    "sleep": "await the event loop's own sleep",
    "program": "await the event loop's own way to run programs, or start it in a thread",
    "network": "take the event loop's own connections, or a client that is awaited",
    "name": "await the event loop's own `getaddrinfo`, or ask in a thread",
    "database": "do it in a thread, or take a driver that is awaited",
    "input": "read it in a thread",
}
"""What usually helps, by what a call that may block waits for."""


def what_may_block(call: MayBlock) -> str:
    """Return which call a loop makes, for what, and where."""
    target = f" for {call.target}" if call.target else ""
    at = f" at {short(call.site)}" if call.site is not None else ""
    owner = ", the library's own line" if call.site is not None and call.site.owner != "user" else ""
    return f"the loop calls `{call.call}`{target}, which may block{at}{owner}"


def way_out_of_call(call: MayBlock) -> str:
    """Return the usual remedy."""
    return WAY_OUT_OF_CALL[call.nature]


def what(finding: Finding) -> str:
    """Return who waits, in what, for what, and where."""
    return what_all(Gathered((finding,)))


def what_all(gathered: Gathered) -> str:
    """Return the same of findings that differ only in the thread and the target: "38 workers wait in `read` …"."""
    finding, target = gathered.first, gathered.target
    several = gathered.many > 1
    in_call = "{who} wait{s} in `{call}`{target}{at}" if finding.call else "{who} wait{s}{at}, for what can't be seen"
    told = WHAT.get((finding.place, finding.kind), in_call)
    return told.format(
        who=_who(gathered),
        s="" if several else "s",
        has="have" if several else "has",
        thread=_pool(gathered) if finding.place == "pool-queue" else _threads(gathered),
        call=finding.call,
        target=f" for {target}" if target else "",
        lock=target or "a lock",
        pages=target or "memory",
        through=f" (in `{finding.call}`)" if finding.call else "",
        meanwhile=_meanwhile(finding, target),
        generation=f" ({target})" if target else "",
        count=f"{gathered.count:,}",
        times=f", {gathered.count} times" if gathered.count > 1 else "",
        ahead=f", {finding.target}" if finding.target else "",
        at=_at(finding),
    )


def _meanwhile(finding: Finding, target: str | None) -> str:
    """Say what the GIL's holder does, where it does not compute."""
    if finding.call:
        return f" while it waits in `{finding.call}`"
    return f" while it waits for {target}" if target else ""


ONE = {"loop": "the loop", "main": "the main thread"}
MANY = {"loop": "loops", "main": "main threads", "worker": "workers", "other": "threads"}


def _who(gathered: Gathered) -> str:
    """Say who: the loop, worker asyncio_0, 38 workers; and of which process, where it is not the program's own."""
    role, count, processes = gathered.first.role, gathered.many, gathered.processes
    if count > 1:
        among = f" in {len(processes)} processes" if len(processes) > 1 else ""
        of = f" of {processes[0]}" if len(processes) == 1 and processes[0] else ""
        return f"{count} {MANY[role]}{of or among}"
    if role in ONE:
        return ONE[role] + (f" of {processes[0]}" if processes[0] else "")
    name = gathered.first.thread
    return f"worker {name}" if role == "worker" else name if name.startswith("thread ") else f"thread {name}"


def _pool(gathered: Gathered) -> str:
    """Name a pool; of one in each of several processes, in how many."""
    name, processes = gathered.first.thread, gathered.processes
    if gathered.first.role == "other":  # a thread with a queue of its own
        name = name if name.startswith("thread ") else f"thread {name}"
    own = name.removesuffix(f" of {processes[0]}")
    return name if len(processes) == 1 else f"{own} in each of {len(processes)} processes"


def _threads(gathered: Gathered) -> str:
    """Name a thread, or count them."""
    name = gathered.first.thread
    if gathered.many > 1:
        return f"one of {gathered.many} threads"
    return name if name.startswith("thread ") else f"thread {name}"


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
    return f"{relative(site.file)}:{site.line}"


def relative(file: str) -> str:
    """Return a file's path from the current directory, where it lies below it."""
    try:
        here = os.getcwd() + os.sep  # noqa: PTH109  compared as text
    except OSError:  # it has been deleted
        return file
    return file.removeprefix(here)
