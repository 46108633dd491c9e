"""The claims about servers: C1 to C4."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from compare.command.claims.claim import Seen
from compare.command.claims.witness import RUNNING, ask, calls, need_proc, run_ns, server, settle, threads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

POLLERS = ("epoll_wait", "epoll_pwait", "epoll_pwait2", "select", "pselect6", "poll", "ppoll")
RECEIVERS = ("recvfrom", "read", "recvmsg")
WINDOW_S = 0.3
CLIENTS = 3
SILENT = 200
MESSAGES = 100
LITTLE, MUCH = 0.2, 0.8
"""What part of the CPU that it could get a server uses that waits, and one that does not."""


def all_block() -> Seen:
    """C1: with three silent clients, how many threads or processes wait in a receive call on their socket?"""
    need_proc()
    told, holds = [], True
    for recipe in ("thread_per_connection", "process_per_connection", "threadpool_blocking", "processpool_blocking"):
        with server(recipe, CLIENTS) as (pid, _):
            blocked = settle(partial(_receiving, pid), lambda seen: seen == CLIENTS)
        told.append(f"{recipe} {blocked}")
        holds &= blocked == CLIENTS
    return Seen(holds, f"threads blocked in recv on the sockets of {CLIENTS} silent clients: {', '.join(told)}")


def _receiving(pid: int) -> int:
    return sum(each.call in RECEIVERS and each.target.startswith("socket:") for each in threads(pid))


def nonblocking_burns() -> Seen:
    """C2: is one of many clients answered by the one thread, and does that thread ever wait when nobody asks?"""
    need_proc()
    shares = {}
    for recipe in ("nonblocking_busy_poll", "select_multiplexing"):
        with server(recipe, 20) as (pid, client):
            ask(client, MESSAGES)
            used = partial(_share_of_cpu, pid)  # what waits in line when one looks is not reckoned in yet
            shares[recipe] = settle(used, lambda share: not LITTLE < share < MUCH)
            alone = len(threads(pid)) == 1
    busy, waiting = shares.values()
    figure = (
        f"one thread answered 1 of 20 clients at once; then, with nobody asking, nonblocking_busy_poll used {busy:.0%} "
        f"of the CPU that it could get, select_multiplexing {waiting:.0%}"
    )
    return Seen(alone and busy >= MUCH and waiting <= LITTLE, figure)


def _share_of_cpu(pid: int) -> float:
    """How much of the time in which it was not in line for a CPU the main thread was on one."""
    began, (run, delay) = time.monotonic_ns(), run_ns(pid)
    time.sleep(WINDOW_S)  # the window that is measured
    elapsed, (run_end, delay_end) = time.monotonic_ns() - began, run_ns(pid)
    return (run_end - run) / max(1, elapsed - (delay_end - delay))


def one_wait_for_all() -> Seen:
    """C3: what does the one thread wait in, with 200 clients, and what does a message cost it?"""
    need_proc()
    waits, costs = {}, {}
    for recipe in ("epoll_multiplexing", "select_multiplexing", "nonblocking_busy_poll"):
        with server(recipe, SILENT) as (pid, client):
            if recipe != "nonblocking_busy_poll":
                seen = settle(partial(calls, pid), lambda seen: RUNNING not in seen)
                waits[recipe] = seen.total() == 1 and next(iter(seen)) in POLLERS
            before, _ = run_ns(pid)
            ask(client, MESSAGES)
            costs[recipe] = (run_ns(pid)[0] - before) / MESSAGES / 1000
    told = ", ".join(f"{name} {cost:.0f} µs" for name, cost in costs.items())
    cheaper = 2 * costs["epoll_multiplexing"] < costs["nonblocking_busy_poll"]
    figure = (
        f"{SILENT} clients, one thread, one wait: {'yes' if all(waits.values()) else 'no'}; "
        f"CPU for a message of one of them: {told}"
    )
    return Seen(all(waits.values()) and cheaper, figure)


def coroutine_is_nonblocking() -> Seen:
    """C4: whose work is it, the coroutine's or the loop's? Does a blocking read in a coroutine let the loop go on?"""
    need_proc()
    with server("asyncio_streams", CLIENTS) as (pid, _):
        seen = settle(lambda: calls(pid), lambda seen: RUNNING not in seen)
        sockets, nonblocking = _nonblocking_sockets(pid)
    polls = next(iter(seen)) in POLLERS
    free = asyncio.run(_answers_while(_receive))
    held = not asyncio.run(_answers_while(_read))
    figure = (
        f"asyncio set O_NONBLOCK on {nonblocking} of {sockets} sockets and waits in {next(iter(seen))}: that is the "
        f"loop's doing, and it is multiplexing; the loop answered while a coroutine awaited a socket: {_yes(free)}; "
        f"while a coroutine called read: {_yes(not held)}"
    )
    return Seen(not (held and free and polls), figure)


def _yes(answer: bool) -> str:  # noqa: FBT001  it is all there is to say
    return "yes" if answer else "no"


NONBLOCKING = 0o4000
"""O_NONBLOCK, as Linux's /proc tells it."""


def _nonblocking_sockets(pid: int) -> tuple[int, int]:
    sockets, nonblocking = 0, 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if os.readlink(entry).startswith("socket:"):  # noqa: PTH115  "socket:[42]" is no path
                flags = Path(f"/proc/{pid}/fdinfo/{entry.name}").read_text().partition("flags:")[2].split()[0]
                sockets += 1
                nonblocking += bool(int(flags, 8) & NONBLOCKING)
    return sockets, nonblocking


async def _receive(end: socket.socket) -> None:
    await asyncio.get_running_loop().sock_recv(end, 1)


async def _read(end: socket.socket) -> None:
    end.setblocking(True)  # noqa: FBT003  the socket's own signature
    end.recv(1)


async def _answers_while(wait: Callable[[socket.socket], Awaitable[None]]) -> bool:
    """Whether the loop answers another thread while a coroutine waits for a byte that comes only after that."""
    loop, answered = asyncio.get_running_loop(), threading.Event()
    ours, theirs = socket.socketpair()
    ours.setblocking(False)  # noqa: FBT003  the socket's own signature
    patience_s = 10.0 if wait is _receive else 0.1  # a loop that is held can't answer, however long one waits

    def other_side() -> bool:
        loop.call_soon_threadsafe(answered.set)
        in_time = answered.wait(patience_s)
        theirs.sendall(b"x")
        return in_time

    with ours, theirs:
        other = loop.run_in_executor(None, other_side)
        await wait(ours)
        return await other
