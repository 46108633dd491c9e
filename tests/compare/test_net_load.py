"""The load of `compare net`, on servers that answer late or not at all while they are measured."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from compare.catalogue import variants
from compare.scenarios.net.clients import busy
from compare.scenarios.net.figures import complete, told
from compare.scenarios.net.load import Load
from compare.scenarios.shared.row import Row

if TYPE_CHECKING:
    from collections.abc import Iterator


class Server:
    """Answers each client's first message; those after that only when it is told to."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.goes_on = threading.Event()
        self._ended = False
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(client,)))
                self._threads[-1].start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.sendall(client.recv(100).upper())
            self.goes_on.wait()
            while not self._ended and (data := client.recv(100)):
                client.sendall(data.upper())

    def close(self) -> None:
        self._ended = True
        self.goes_on.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with contextlib.closing(Server()) as made:
        yield made


def measured(server: Server, patience: float) -> tuple[dict[str, object], Row]:
    with contextlib.closing(Load(server.listener.getsockname()[1], 2, 100)) as load:
        for client in load.clients.values():
            load.ask(client, 0.0)
            assert load.until_answered(client, 60)
        came = busy(load, os.getpid(), warm_up=0.0, seconds=0.05, patience=patience)
    serves_all = next(each for each in variants("net") if each.name == "selectors_multiplexing")
    return came, Row(serves_all, {"load": "busy", "clients": 2}, passes=[complete(came, None)])


def test_who_answers_nothing_while_it_is_measured_is_not_well(server: Server) -> None:
    came, row = measured(server, patience=0.1)
    assert (came["messages"], came["served"]) == (0, 2)
    run = told(row)
    assert run.outcome == "timeout"
    assert (run.reason or "").startswith("no reply in ")


def test_a_server_that_answers_late_is_given_more_time(server: Server) -> None:
    threading.Timer(0.5, server.goes_on.set).start()
    came, row = measured(server, patience=60)
    assert came["messages"] != 0
    run = told(row)
    assert run.outcome == "ok"
    assert (run.per_second or 0) > 0


def test_a_load_lasts_as_long_as_it_was_told(server: Server) -> None:
    with contextlib.closing(Load(server.listener.getsockname()[1], 2, 100)) as load:
        assert min(load.run(0.01, []) for _ in range(5)) < 0.03  # nobody talks: it waits for its end
