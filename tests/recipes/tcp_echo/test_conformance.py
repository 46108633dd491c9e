"""What every server does for a client that does nothing wrong, on every backend that it runs on."""

from __future__ import annotations

import os
import random
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.recipes.tcp_echo import faults

if TYPE_CHECKING:
    from tests.recipes.tcp_echo.servers import Server


def test_one_byte(server: Server) -> None:
    faults.exchange(server.address, b"a")


def test_one_mebibyte(server: Server) -> None:
    faults.exchange(server.address, os.urandom(1 << 20))


def test_a_thousand_small_messages_without_waiting(server: Server) -> None:
    faults.pipelined(server.address, [b"message %d;" % number for number in range(1000)])


def test_bytes_that_are_not_utf8(server: Server) -> None:
    faults.exchange(server.address, bytes(range(256)) + "ſßéǆ".encode() + b"\xc3\x28\xed\xa0\x80")


def test_end_of_file_is_answered_with_the_end_of_file(server: Server) -> None:
    for _ in range(20):
        faults.healthy(server.address)


def test_the_reply_comes_before_the_next_message(server: Server) -> None:
    with faults.connect(server.address) as conn:
        assert max(faults.latencies_s(conn, 100)) < faults.BOUND_S


def test_a_hundred_clients_at_once(server: Server) -> None:
    with ExitStack() as stack:
        conns = [stack.enter_context(faults.connect(server.address)) for _ in range(100)]
        for number, conn in enumerate(conns):
            conn.sendall(b"client %d" % number)
        if server.variant.capacity is None:
            random.Random(0).shuffle(order := list(enumerate(conns)))
        else:
            order = list(enumerate(conns))
            assert faults.is_silent(conns[server.variant.capacity])
        for number, conn in order:
            assert faults.receive(conn, len(b"CLIENT %d" % number)) == b"CLIENT %d" % number
            if server.variant.capacity is not None:  # the next in line is served as soon as one leaves
                conn.close()
