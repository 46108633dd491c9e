"""An HTTP client of raw sockets and h11, which takes any server by its address and knows nothing of recipes."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import h11

from tests.recipes.tcp_echo import faults

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Answer:
    status: int
    fields: dict[str, str]
    body: bytes
    keep: bool


class Browser:
    """One connection, over which one request follows the other."""

    def __init__(self, address: faults.Address, **options: int) -> None:
        self.socket = faults.connect(address, **options)
        self._http = h11.Connection(h11.CLIENT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, target: str, method: str = "GET", fields: Iterable[tuple[str, str]] = ()) -> None:
        """Only the head of a request."""
        if self._http.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}:
            self._http.start_next_cycle()
        request = h11.Request(method=method, target=target, headers=[("Host", "a"), *fields])
        data = self._http.send(request)
        assert data is not None
        self.socket.sendall(data)
        self._http.send(h11.EndOfMessage())

    def answer(self) -> Answer:
        """What comes, held to HTTP by h11: it raises where a body is shorter or longer than was promised."""
        response, body = None, bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(self.socket.recv(1 << 18))
            elif isinstance(event, h11.Response):
                response = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
            else:
                raise ConnectionError(event)
        assert response is not None
        fields = {name.decode(): value.decode() for name, value in response.headers}
        assert len(fields) == len(response.headers)
        keep = self._http.our_state is not h11.MUST_CLOSE
        return Answer(response.status_code, fields, bytes(body), keep)

    def get(self, target: str, method: str = "GET", **fields: str) -> Answer:
        """One request, and its answer; `If_Range` is a field's name too."""
        self.send(target, method, [(name.replace("_", "-"), value) for name, value in fields.items()])
        return self.answer()


def get(address: faults.Address, target: str, method: str = "GET", **fields: str) -> Answer:
    """One request on a connection of its own."""
    with Browser(address) as browser:
        return browser.get(target, method, **fields)


def raw(address: faults.Address, data: bytes, *, end: bool = False) -> bytes:
    """Everything that a server says to these bytes until it closes."""
    with faults.connect(address) as conn:
        conn.sendall(data)
        if end:
            conn.shutdown(socket.SHUT_WR)
        return faults.receive_all(conn)
