"""The sampler's process: watches one process after another, as its parent (`observer`) says."""

from __future__ import annotations

import os
import socket
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from compare.observe.agent import channel
from compare.observe.interpreter.calibration import calibrate
from compare.observe.interpreter.memory import Unreadable
from compare.observe.interpreter.target import layout_of
from compare.observe.judge.stalls import Stalls
from compare.observe.kernel.processes import Process
from compare.observe.sampler.agents import Agent
from compare.observe.sampler.sampler import Sampler
from compare.observe.started.kept import Kept
from compare.observe.started.line import answer, end, taken
from compare.observe.started.pace import Pace
from compare.results import SEEN_IN_PART, Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from compare.observe.agent.channel import Where
    from compare.observe.interpreter.layout import Layout
    from compare.observe.sampler.notes_read import Standing

NICENESS = -10
MOST_AWAY_PART = 200
"""What part of the time the sampler may be away unsaid, if it is less than the threshold: no stall is missed then."""
KEEP_NS = 500_000_000
"""How often what was found is kept for whoever asks when we are gone; seldom enough to take a hundredth of our time."""
AWAY = f"{SEEN_IN_PART}: others used the processors, and the observer was kept from looking for a while"


def _serve(control: socket.socket, kept: Kept) -> None:
    _many_descriptors()
    _be_on_time()
    try:
        layout, why = calibrate(), None
    except (Unreadable, OSError) as error:  # where there is no /proc
        layout, why = None, str(error)
    answer(control, True)  # noqa: FBT003  at work
    earlier: dict[int, Standing] = {}
    while (received := taken(control)) is not None:
        command, memory = received
        if "pid" not in command:
            answer(control, "nothing is being watched")
            continue
        try:
            _watch(control, kept, command, _agent(memory), earlier, layout, why)
        except (BrokenPipeError, ConnectionResetError):
            raise
        except Exception as error:  # noqa: BLE001  told to whoever asked: no traceback of ours amid the program's output
            answer(control, f"{type(error).__name__}: {error}")
        finally:
            for where in memory:
                channel.let_go(where)


def _watch(  # noqa: PLR0913, PLR0917  what a watch is made of
    control: socket.socket,
    kept: Kept,
    command: dict[str, Any],
    agent: Agent | None,
    earlier: dict[int, Standing],
    layout: Any,
    why: str | None,
) -> None:
    """Watch one process; where its agent's notes stood at the end is kept in `earlier`, by the ring's inode."""
    if not command["agent"]:  # not started by us: it may be any Python's
        layout, why = _layout_of(command["pid"])
    threshold_ns = int(command["threshold_ms"] * 1e6)
    sampler = Sampler(
        command["pid"], layout, agent,
        threshold_ns=threshold_ns, plain_threads=command["plain_threads"], share=command["share"],
        imports=command["imports"], stalls=Stalls(threshold_ns) if command["news"] else None,
        keep_ns=int(command["keep_s"] * 1e9) if command["keep_s"] is not None else None,
        enters=command["enters"], apart=command["apart"],
        earlier=earlier.get(agent.inode) if agent is not None else None,
    )  # fmt: skip
    if why is not None and sampler.looks_from_outside:
        sampler.judge.miss(f"no Python lines: {why}")
    answer(control, (why,))
    pace = Pace(sampler.frugal, command["share"])
    began, kept.due = pace.looked, 0
    meanwhile = {"news": sampler.news, "so far": sampler.so_far, "recorded": sampler.recorded}
    while (asked := _look_until_told(control, sampler, kept, pace)) in meanwhile:
        answer(control, _said(sampler, meanwhile[asked]))
    if pace.away > max(threshold_ns, (pace.looked - began) // MOST_AWAY_PART):
        sampler.judge.miss(AWAY)
    if asked is not None:
        answer(control, sampler.finish())
    if agent is not None:
        if agent.inode:
            earlier[agent.inode] = sampler.standing()
        agent.close()


def _said(sampler: Sampler, say: Callable[[], object]) -> object:
    """Return an answer; one that fails costs no more than itself, for the watch goes on, and its end tells of it."""
    try:
        return say()
    except Exception as error:  # noqa: BLE001  see above
        sampler.failures.note(error)
        return f"{type(error).__name__}: {error}"


def _agent(memory: list[Where]) -> Agent | None:
    """The agent whose ring was handed over, with the pipe by which it is asked, if there is one."""
    if not memory:
        return None
    ring, *pipes = memory
    return Agent(ring, next((os.dup(pipe) for pipe in pipes if isinstance(pipe, int)), None))


def _look_until_told(control: socket.socket, sampler: Sampler, kept: Kept, pace: Pace) -> str | None:
    """Look until something is asked for, and return that; `None` when whoever started us has hung up.

    Who asks again and again is told what has been seen since.
    """
    control.settimeout(0)
    try:
        while True:
            sampler.tick()
            if _hears(control):
                break
            if pace.looked > kept.due:
                seen = _said(sampler, sampler.so_far)
                if isinstance(seen, Observation):
                    kept.write(seen)
                kept.due = pace.looked + max(KEEP_NS, 100 * (time.monotonic_ns() - pace.looked))
            pace.rest()
    finally:
        control.settimeout(None)
    received = taken(control)
    return received[0]["ask"] if received is not None else None


def _layout_of(pid: int) -> tuple[Layout | None, str | None]:
    """How a process's Python is read; where it is none (a shell, a container's first process), that of what it starts.

    All are read alike: those that run another Python are named as that.
    """
    try:
        return layout_of(pid), None
    except Unreadable as error:
        why = str(error)
    for below in _started_by(pid):
        with suppress(Unreadable):
            return layout_of(below), None
    return None, why


def _started_by(pid: int) -> Iterator[int]:
    """Its children, theirs after them."""
    generation = Process(pid).children()
    while generation:
        yield from generation
        generation = [child for each in generation for child in Process(each).children()]


def _hears(control: socket.socket) -> bool:
    try:
        control.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    return True


def _many_descriptors() -> None:
    """Two for each thread of the observed process are kept open."""
    if sys.platform != "win32":
        with suppress(ImportError, ValueError, OSError):
            import resource  # noqa: PLC0415  not everywhere

            _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _be_on_time() -> None:
    """Where we may, go before others on a busy machine: what is looked at late is seen wrong."""
    if sys.platform != "win32":
        with suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, 0, NICENESS)


def main() -> None:
    """Serve whoever holds the other end of the socket, until it hangs up."""
    first, second, told = sys.argv[1:4]
    kept: Where = int(told) if told.isdecimal() else told
    with suppress(ConnectionError):  # whoever started it is gone: nobody is left to tell
        memory = Kept(kept)
        channel.let_go(kept)
        _serve(end(first, second), memory)


if __name__ == "__main__":
    main()
