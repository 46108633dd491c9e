"""What a real network does to a server, and what each server makes of it: the matrix of who stands what.

The fixture `server` ends each of these tests: a healthy client is answered, nothing was logged, and descriptors and
memory are back. A model that can't stand a fault is held to failing in exactly its way, and to recovering.
"""

from __future__ import annotations

import os
import resource
import socket
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.recipes.tcp_echo import faults
from tests.recipes.tcp_echo.servers import FORKING, Server, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    Passes = Callable[..., None]

MIB = 1 << 20
MANY = 2000
FD_SETSIZE = 1024
SLOTS = 3
KEPT = 24 * 1024
"""What an allocator may keep of each client when many were there at once, in bytes (seen: 16 KiB, once and for all)."""


def test_half_close(server: Server, passes: Passes) -> None:
    faults.half_close(server.address, os.urandom(MIB))
    passes("half-close")


def test_resets(server: Server, passes: Passes) -> None:
    count, verdict = _how_often(server)
    for number in range(count):
        faults.reset(server.address, ("before", "during", "after")[number % 3])
    passes("resets", verdict)


def test_connect_and_leave(server: Server, passes: Passes) -> None:
    server.may_keep = 1000 * KEPT
    count, verdict = _how_often(server)
    for _ in range(count):
        faults.leave(server.address)
    passes("connect and leave", verdict)


def _how_often(server: Server) -> tuple[int, str]:
    if server.variant.name == "process_per_connection":  # some milliseconds each
        return 300, "passes: 300 times, a process each"
    return 1000, "passes"


def test_silent_clients(server: Server, passes: Passes) -> None:
    capacity = server.variant.capacity
    with ExitStack() as stack:
        with faults.silent(server.address, 50):
            conn = stack.enter_context(faults.connect(server.address))
            if capacity is None:
                faults.ask(conn, b"anybody there?")
            else:
                conn.sendall(b"anybody there?")
                assert faults.is_silent(conn)
        if capacity is not None:  # they have left
            assert faults.receive(conn, 14) == b"ANYBODY THERE?"
    if capacity is None:
        passes("silent clients")
    else:
        passes("silent clients", f"cannot: {capacity} at a time; recovers when they leave")


def test_never_reading(server: Server, passes: Passes) -> None:
    before = server.rss()
    # anyio pauses a transport only after a `receive` that had to wait: with uvloop it may never have to.
    unpaused = (server.variant.name, server.variant.backend) == ("anyio_streams", "asyncio+uvloop")
    # What the kernel's buffers hold at the most, beside the client's, which are small.
    buffered = faults.most_buffered() + MIB
    flood = buffered + 32 * MIB
    server.may_keep = flood if unpaused else server.may_keep
    with ExitStack() as stack:
        with faults.never_reading(server.address, flood) as taken:
            assert unpaused or taken < buffered
            assert server.rss() < before + (flood + 16 * MIB if unpaused else 4 * MIB)
            conn = stack.enter_context(faults.connect(server.address))
            if server.variant.capacity == 1:
                conn.sendall(b"may I?")
                assert faults.is_silent(conn)
            else:
                faults.ask(conn, b"may I?")
        if server.variant.capacity == 1:
            assert faults.receive(conn, 6) == b"MAY I?"
    if unpaused:
        passes("never reading", "cannot: may be read without end, as anyio may never pause it; others are served")
    elif server.variant.capacity == 1:
        passes("never reading", "cannot: memory is bounded, but the others wait until it leaves")
    else:
        passes("never reading")


def test_byte_by_byte(server: Server, passes: Passes) -> None:
    faults.byte_by_byte(server.address, bytes(range(256)))
    passes("byte by byte")


def test_pipelined(server: Server, passes: Passes) -> None:
    faults.pipelined(server.address, [b"message number %d\n" % number for number in range(10_000)])
    passes("pipelined")


class _Stream(RuleBasedStateMachine):
    """Random bytes in random chunks: at any moment the reply is `upper()` of a prefix of what was sent."""

    address: faults.Address

    def __init__(self) -> None:
        super().__init__()
        self.conn = faults.connect(self.address)
        self.sent, self.received, self.ended = b"", b"", False

    @precondition(lambda self: not self.ended)
    @rule(data=st.binary(min_size=1, max_size=5000))
    def send(self, data: bytes) -> None:
        self.conn.sendall(data)
        self.sent += data

    @rule(length=st.integers(1, 5000))
    def receive(self, length: int) -> None:
        length = min(length, len(self.sent) - len(self.received))
        self.received += faults.receive(self.conn, length)
        assert self.sent.upper().startswith(self.received)

    @precondition(lambda self: not self.ended)
    @rule()
    def end(self) -> None:
        self.conn.shutdown(socket.SHUT_WR)
        self.ended = True

    def teardown(self) -> None:
        with self.conn:
            if not self.ended:
                self.end()
            assert self.received + faults.receive_all(self.conn) == self.sent.upper()


def test_random_chunks(server: Server, passes: Passes) -> None:
    machine = type("Stream", (_Stream,), {"address": server.address})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=12,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    passes("random chunks")


def test_out_of_descriptors(server: Server, passes: Passes) -> None:
    one_each = server.variant.name not in FORKING and server.variant.capacity != 1
    before = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)[0]
    with ExitStack() as stack:
        served = stack.enter_context(faults.connect(server.address))
        faults.ask(served, b"early")
        with server.lowered(SLOTS if one_each else 0):
            late = [stack.enter_context(faults.connect(server.address)) for _ in range(SLOTS * 2)]
            for conn in late:
                conn.sendall(b"late")
            faults.ask(served, b"still served")
            assert _cpu_share(server) < 0.5 or server.variant.name == "nonblocking_busy_poll"
            if one_each and server.variant.capacity is None:
                assert 0 < len(faults.heard_from(late)) <= SLOTS
            if one_each:  # descriptors become free when clients leave
                served.close()
                for conn in late:
                    assert faults.receive(conn, 4) == b"LATE"
                    conn.close()
        served.close()
        if not one_each:  # and when the limit is raised
            for conn in late:
                assert faults.receive(conn, 4) == b"LATE"
                conn.close()
    assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)[0] == before
    if server.variant.name == "nonblocking_busy_poll":
        passes("out of descriptors", "passes: it burns its core as ever")
    else:
        passes("out of descriptors")


def _cpu_share(server: Server) -> float:
    """How much of a core it takes while nothing happens that it could do."""
    before = server.cpu_s()
    threading.Event().wait(0.2)
    return (server.cpu_s() - before) / 0.2


def test_many_clients(server: Server, passes: Passes) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < MANY + 200:
        pytest.skip(f"needs {MANY + 200} descriptors, and the hard limit is {hard}: raise it with `ulimit -Hn`")
    server.may_keep = MANY * KEPT
    count = 200 if server.variant.name == "process_per_connection" else MANY
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server.limit_descriptors(hard)
    try:
        with ExitStack() as stack:
            conns = [stack.enter_context(faults.connect(server.address)) for _ in range(count)]
            for conn in conns:
                conn.sendall(b"one of many")
            if server.variant.capacity is not None:
                verdict = _served_in_turn(conns, server.variant.capacity)
            elif server.variant.name == "select_multiplexing":
                verdict = _served_below_its_limit(server, conns)
            else:
                for conn in conns:
                    assert faults.receive(conn, 11) == b"ONE OF MANY"
                verdict = "passes: with 200, a process each" if count < MANY else "passes"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    passes("2,000 clients", verdict)


def _served_in_turn(conns: list[socket.socket], capacity: int) -> str:
    assert faults.is_silent(conns[capacity])
    for conn in conns:
        assert faults.receive(conn, 11) == b"ONE OF MANY"
        conn.close()
    return f"cannot: {capacity} at a time; each is served in its turn"


def _served_below_its_limit(server: Server, conns: list[socket.socket]) -> str:
    answered = 0
    for conn in conns:
        try:
            answered += conn.recv(11) == b"ONE OF MANY"
        except ConnectionResetError:
            continue
    assert FD_SETSIZE - 100 < answered < FD_SETSIZE
    lines = server.said().splitlines()
    assert len(lines) == len(conns) - answered
    assert all(line.startswith("WARNING:") and line.endswith("is turned away") for line in lines)
    server.expected = server.said()
    return "cannot: descriptors end at 1,024; those beyond are turned away with a warning"


def test_urgent_data(server: Server, passes: Passes) -> None:
    faults.urgent(server.address)
    passes("urgent data")


def test_slow_link(server: Server, passes: Passes) -> None:
    message = os.urandom(MIB)
    with ExitStack() as stack:
        with faults.slow_link(server.address, message, 64 * 1024) as taken:
            wait_until(lambda: taken[-1] > 0, "the slow one gets its first bytes")
            conn = stack.enter_context(faults.connect(server.address))
            if server.variant.capacity == 1:
                conn.sendall(b"fast")
                assert faults.is_silent(conn)
            else:
                took = sorted(faults.latencies_s(conn, 200))
                assert took[int(0.99 * len(took))] < 0.25  # the slow one takes 16 s
            assert taken[-1] < MIB
        if server.variant.capacity == 1:
            assert faults.receive(conn, 4) == b"FAST"
    if server.variant.capacity == 1:
        passes("slow link", "cannot: the fast ones wait until the slow one leaves")
    else:
        passes("slow link")
