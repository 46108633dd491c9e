"""The one load that every server gets, made by a process of its own: started with `python -m` and the ends of a line.

Commands: `{"connect": {"port", "clients", "size"}}` is answered with `{"connected": true}`. Then either `{"busy":
{"pid", "warm_up", "seconds", "patience"}}` or `{"hold": {"pid", "seconds", "patience", "linger"}}`, answered with what
was measured. `patience` is how much longer nobody is called unanswered, in seconds.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.process.child import Line
from compare.process.host import descendants
from compare.scenarios.net.client import WrongError
from compare.scenarios.net.load import RECOVER_S, Load

if TYPE_CHECKING:
    from collections.abc import Sequence

ASKS = 20
"""How often an answered client asks in `hold`."""

RESTLESS, RESTLESS_S = 0.1, 0.2
"""Who uses more than this part of a processor while nobody asks is looked at for so much longer, in seconds."""


def busy(load: Load, pid: int, warm_up: float, seconds: float, patience: float = 0.0) -> dict[str, Any]:
    """Ping-pong on all connections; only the time after the warm-up counts, and not what patience takes."""
    latencies: list[float] = []
    now = time.perf_counter()
    for client in load.clients.values():
        load.ask(client, now)
    load.warm_up(warm_up)
    family = {pid} | descendants(pid)
    before, latencies = Usage(family), []
    now = time.perf_counter()
    for client in load.clients.values():
        client.sent = max(client.sent, now)  # the look around was not the server's fault
    took = load.run(seconds, latencies, patience)
    used, messages = before.until_now(), len(latencies)
    load.until_all_served(patience)
    return {"messages": messages, "seconds": took, "served": load.served(), **told(latencies), **used}


def hold(load: Load, pid: int, seconds: float, patience: float, linger: float) -> dict[str, Any]:
    """All clients are silent, and one more asks; when nobody answers it the others leave."""
    silent = list(load.clients.values())
    before = Usage({pid} | descendants(pid))
    client = load.add(len(silent))
    began = time.perf_counter()
    load.ask(client, began)
    answered = load.until_answered(client, seconds + patience)
    waited = time.perf_counter() - began
    latencies = [waited]
    figures = {"starved": not answered, "threads": Usage({pid} | descendants(pid)).threads}
    if not answered:
        for other in silent:
            load.remove(other)
        if not load.until_answered(client, RECOVER_S):
            message = f"not answered within {RECOVER_S:g} s after the silent clients had left"
            raise WrongError(message)
        latencies = [time.perf_counter() - began]
    for _ in range(ASKS if answered else 0):
        load.ask(client, time.perf_counter())
        if not load.until_answered(client, RECOVER_S):
            message = f"a second question was not answered within {RECOVER_S:g} s"
            raise WrongError(message)
        latencies.append(time.perf_counter() - client.sent)
    if linger and answered:
        _linger(load, before, linger)
    return {
        "messages": client.served,
        "seconds": time.perf_counter() - began,
        "waited": waited,
        "answered": latencies[0],
        "served": int(answered),
        **told(latencies),
        **before.until_now(),
        **figures,
    }


def _linger(load: Load, server: Usage, seconds: float) -> None:
    """Ask nothing for so long; of a server that uses the processor meanwhile more is to be seen."""
    rest = server.anew()
    load.run(seconds, [])
    if rest.anew().seconds - rest.seconds > RESTLESS * seconds:
        load.run(RESTLESS_S, [])


def told(latencies: list[float]) -> dict[str, Any]:
    """Median, 99th percentile and the longest, in milliseconds."""
    if not latencies:
        return {"latency_ms": None}
    ordered = sorted(latencies)
    at = {
        name: ordered[min(len(ordered) - 1, int(len(ordered) * part))] for name, part in (("p50", 0.5), ("p99", 0.99))
    }
    return {"latency_ms": {**{name: value * 1000 for name, value in at.items()}, "max": ordered[-1] * 1000}}


class Usage:
    """Processor time and threads of some processes, seen from outside, now."""

    def __init__(self, pids: set[int]) -> None:
        """Look at them; those that have ended count for nothing."""
        self._pids = pids
        self.user = self.system = 0
        self.threads = 0
        self.seconds = 0.0
        for pid in pids:
            with suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
                self.user += int(fields[11])
                self.system += int(fields[12])
                self.threads += int(fields[17])
            if sys.platform == "linux":
                # A process's clock, counted in nanoseconds: clock_getcpuclockid(3) makes its number so.
                with suppress(OSError, AttributeError):
                    self.seconds += time.clock_gettime((~pid << 3) | 2)

    def anew(self) -> Usage:
        """Look at the same processes again."""
        return Usage(self._pids)

    def until_now(self) -> dict[str, Any]:
        """What they took since; `{}` where that can't be told from outside."""
        after = self.anew()
        seconds = max(after.seconds - self.seconds, 0.0)  # what ended meanwhile is not counted any more
        if not after.threads:  # no /proc: how it divides is for the server itself to tell
            return {"cpu": seconds} if seconds else {}
        user, system = max(after.user - self.user, 0), max(after.system - self.system, 0)
        part = user / (user + system) if user + system else 0.5
        return {"user": seconds * part, "system": seconds * (1 - part), "threads": after.threads}


def main(arguments: Sequence[str]) -> None:
    """Serve one parent until it closes its end."""
    line = Line(*arguments)
    job = line.receive()
    assert job is not None
    line.send(ready=True)
    load: Load | None = None
    while (command := line.receive()) is not None:
        if job["cpus"] and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, job["cpus"])
        try:
            if "connect" in command:
                load = Load(**command["connect"])
                line.send(connected=True)
                continue
            assert load is not None
            measured = busy(load, **command["busy"]) if "busy" in command else hold(load, **command["hold"])
            line.send(outcome="ok", **measured)
        except WrongError as error:
            line.send(outcome="wrong", reason=str(error))
        except OSError as error:
            line.send(outcome="failed", reason=f"a client could not connect: {error}")
        if load is not None:
            load.close()
        load = None


if __name__ == "__main__":
    main(sys.argv[1:])
