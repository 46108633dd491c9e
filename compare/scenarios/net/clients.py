"""The one load that every server gets, made by a process of its own: started with `python -m` and the ends of a line.

One thread, one epoll (or poll, or select), buffers made in advance. Each client sends its next message when the reply
to the one before has come, and every byte of every reply is compared. Two messages alternate, so that a stale reply is
noticed.

Commands: `{"connect": {"port", "clients", "bytes"}}` is answered with `{"connected": true}`. Then either `{"busy":
{"pid", "warm_up", "seconds", "patience"}}` or `{"hold": {"pid", "seconds", "patience", "linger"}}`, answered with what
was measured. `patience` is how much longer nobody is called unanswered, in seconds.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.process.child import Line
from compare.process.host import descendants
from compare.scenarios.net.pollers import IN, OUT, poller

if TYPE_CHECKING:
    from collections.abc import Sequence

CONNECT_S = 10.0
ASKS = 20
"""How often an answered client asks in `hold`."""

RESTLESS, RESTLESS_S = 0.1, 0.2
"""Who uses more than this part of a processor while nobody asks is looked at for so much longer, in seconds."""

RECOVER_S = 5.0
"""How long it may take to be answered after the silent clients have left, in seconds."""


class WrongError(Exception):
    """The server did not do what the contract says; the message tells what."""


class Client:
    """One connection: what it sends, and what must come back."""

    __slots__ = ("buffer", "expected", "got", "messages", "number", "rest", "sent", "served", "socket", "turn", "view")

    def __init__(self, number: int, port: int, size: int) -> None:
        """Connect."""
        self.number = number
        self.socket = socket.create_connection(("127.0.0.1", port), CONNECT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)  # noqa: FBT003  its only form
        self.messages = tuple(_message(number, turn, size) for turn in range(2))
        self.expected = tuple(message.upper() for message in self.messages)
        self.buffer = bytearray(size)
        self.view = memoryview(self.buffer)
        self.turn = self.got = self.served = 0
        self.rest = memoryview(b"")
        self.sent = 0.0

    def ask(self, now: float) -> bool:
        """Send the next message; whether all of it went."""
        self.sent, self.got = now, 0
        self.rest = memoryview(self.messages[self.turn])
        return self.push()

    def push(self) -> bool:
        """Send what is left of it."""
        with suppress(BlockingIOError):
            while self.rest:
                self.rest = self.rest[self.socket.send(self.rest) :]
        return not self.rest

    def answered(self) -> bool:
        """Take in what has come; whether the reply is whole.

        Raises:
            WrongError: when it is not the right one, or the server hung up.
        """
        try:
            count = self.socket.recv_into(self.view[self.got :] if self.got else self.view)
        except BlockingIOError:
            return False
        except OSError as error:
            message = f"client {self.number}: {error.strerror}"
            raise WrongError(message) from None
        if not count:
            message = f"client {self.number}: the server hung up, {self.got} bytes into reply {self.served}"
            raise WrongError(message)
        self.got += count
        if self.got < len(self.buffer):
            return False
        if self.buffer != self.expected[self.turn]:
            raise WrongError(self._difference())
        self.turn ^= 1
        self.served += 1
        return True

    def _difference(self) -> str:
        pairs = zip(self.buffer, self.expected[self.turn], strict=True)
        place, came, wanted = next((at, came, wanted) for at, (came, wanted) in enumerate(pairs) if came != wanted)
        return f"client {self.number}, reply {self.served}: byte {place} is {came:#04x}, expected {wanted:#04x}"


def _message(number: int, turn: int, size: int) -> bytes:
    """Lower-case letters, which differ by client and by turn."""
    first = (number * 7 + turn * 13) % 26
    alphabet = bytes(97 + (first + letter) % 26 for letter in range(26))
    return (alphabet * (size // 26 + 1))[:size]


class Load:
    """All clients of one server, and what they wait in."""

    def __init__(self, port: int, clients: int, size: int) -> None:
        """Connect all."""
        self.clients: dict[int, Client] = {}
        self._port, self._size = port, size
        self._poll, self._unit = poller()
        self._in, self._out = IN, IN | OUT
        for number in range(clients):
            self.add(number)

    def add(self, number: int) -> Client:
        """One more client."""
        client = Client(number, self._port, self._size)
        self.clients[client.socket.fileno()] = client
        self._poll.register(client.socket.fileno(), self._in)
        return client

    def remove(self, client: Client) -> None:
        """One of them leaves."""
        del self.clients[client.socket.fileno()]
        self._poll.unregister(client.socket.fileno())
        client.socket.close()

    def close(self) -> None:
        """All of them leave."""
        for client in self.clients.values():
            client.socket.close()
        self.clients = {}
        if hasattr(self._poll, "close"):
            self._poll.close()

    def ask(self, client: Client, now: float) -> None:
        """Send, and when that does not fit, go on as soon as it does."""
        if not client.ask(now):
            self._poll.modify(client.socket.fileno(), self._out)

    def run(self, seconds: float, latencies: list[float], patience: float = 0.0) -> float:
        """Answer each reply with the next message for so long; returns how long it was, in seconds.

        While nobody has been answered at all, go on for as long as patience lasts.
        """
        clock, poll, clients, note = time.perf_counter, self._poll.poll, self.clients, latencies.append
        out, unit = self._out ^ self._in, self._unit
        began = now = clock()
        until = began + seconds
        while (left := until - now) > 0 or (not latencies and (left := left + patience) > 0):
            for descriptor, event in poll(left * unit):
                client = clients[descriptor]
                if event & out and client.push():
                    self._poll.modify(descriptor, self._in)
                if event & ~out and client.answered():
                    now = clock()
                    note(now - client.sent)
                    if not client.ask(now):
                        self._poll.modify(descriptor, self._out)
            now = clock()
        return now - began

    def warm_up(self, slice_s: float) -> None:
        """Go on for so long, and until nobody is answered for the first time any more: a fork takes its time."""
        served, until = -1, time.perf_counter() + RECOVER_S
        while slice_s and served < self.served() < len(self.clients) and time.perf_counter() < until:
            served = self.served()
            self.run(slice_s, [])

    def until_all_served(self, seconds: float) -> None:
        """Wait until everybody has been answered once, for so long at the most.

        Whoever has been asks no more: processes that serve them would leave the one that takes the next in no CPU.
        """
        out, until = self._out ^ self._in, time.perf_counter() + seconds
        while self.served() < len(self.clients) and (left := until - time.perf_counter()) > 0:
            for descriptor, event in self._poll.poll(left * self._unit):
                client = self.clients[descriptor]
                if event & out and client.push():
                    self._poll.modify(descriptor, self._in)
                if event & ~out:
                    client.answered()

    def served(self) -> int:
        """How many clients have been answered at least once."""
        return sum(client.served > 0 for client in self.clients.values())

    def until_answered(self, client: Client, seconds: float) -> bool:
        """Wait for one reply; whether it came in time."""
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            for descriptor, event in self._poll.poll(left * self._unit):
                other = self.clients[descriptor]
                if event & (self._out ^ self._in) and other.push():
                    self._poll.modify(descriptor, self._in)
                if event & self._in and other.answered() and other is client:
                    return True
        return False


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
    if linger:
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
