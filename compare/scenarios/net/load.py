"""All clients of one server: one thread, one epoll (or poll, or select), buffers made in advance.

Each client sends its next message when the reply to the one before has come, and every byte of every reply is compared.
Two messages alternate, so that a stale reply is noticed.
"""

from __future__ import annotations

import time

from compare.scenarios.net.client import Client
from compare.scenarios.net.pollers import IN, OUT, poller

RECOVER_S = 5.0
"""How long a server may take to answer everybody, or after the silent clients have left, in seconds."""


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
