"""What stands for the calls that only some systems have: it does here what they do, wherever it is needed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import selectors
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from compare.observe.kernel import linux_calls
from compare.process import readiness
from compare.process.connections import SECRET_BYTES, Connection, ConnectionEnd
from compare.scenarios.net import stops
from compare.scenarios.net.pollers import IN, OUT, Select
from compare.scenarios.script import plain_child

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def line() -> Iterator[tuple[Connection, selectors.BaseSelector]]:
    with selectors.SelectSelector() as selector, contextlib.closing(Connection()) as host:
        host.register(selector, "the child")
        yield host, selector


@pytest.fixture
def connect() -> Iterator[Callable[[int, bytes], ConnectionEnd]]:
    with contextlib.ExitStack() as stack:
        yield lambda port, secret: stack.enter_context(contextlib.closing(ConnectionEnd(port, secret)))


def heard(host: Connection, selector: selectors.BaseSelector) -> bytes | None:
    [(key, _)] = selector.select(5)
    assert key.data == "the child"
    return host.receive(selector)


class TestALineThatTheChildConnects:
    def test_what_is_said_before_it_comes_waits_for_it(
        self, line: tuple[Connection, selectors.BaseSelector], connect: Callable[[int, bytes], ConnectionEnd]
    ) -> None:
        host, selector = line
        host.send(b"early ")
        port, secret = host.arguments
        child = connect(int(port), bytes.fromhex(secret))
        assert heard(host, selector) is None
        host.send(b"late")
        child.write(b"here")
        assert heard(host, selector) == b"here"
        host.hang_up()
        data = b""
        while piece := child.read():
            data += piece
        assert data == b"early late"

    def test_who_does_not_know_the_secret_is_turned_away(
        self, line: tuple[Connection, selectors.BaseSelector], connect: Callable[[int, bytes], ConnectionEnd]
    ) -> None:
        host, selector = line
        port, secret = host.arguments
        stranger = connect(int(port), bytes(SECRET_BYTES))
        assert heard(host, selector) is None
        assert stranger.read() == b""
        child = connect(int(port), bytes.fromhex(secret))
        assert heard(host, selector) is None
        child.write(b"mine")
        assert heard(host, selector) == b"mine"

    def test_a_host_that_hung_up_before_it_came_is_heard(
        self, line: tuple[Connection, selectors.BaseSelector], connect: Callable[[int, bytes], ConnectionEnd]
    ) -> None:
        host, selector = line
        host.hang_up()
        port, secret = host.arguments
        child = connect(int(port), bytes.fromhex(secret))
        assert heard(host, selector) is None
        assert child.read() == b""


class TestReadinessInAThread:
    def test_the_loop_is_told(self) -> None:
        async def main() -> bool:
            ours, theirs = socket.socketpair()
            seen = asyncio.Event()
            with ours, theirs:
                forget = readiness.in_a_thread(asyncio.get_running_loop(), ours.fileno(), seen.set)
                theirs.send(b"!")
                await asyncio.wait_for(seen.wait(), 5)
                forget()
            return seen.is_set()

        assert asyncio.run(main())

    def test_a_wait_that_is_given_up_leaves_no_thread(self) -> None:
        async def main() -> int:
            ours, theirs = socket.socketpair()
            before = threading.active_count()
            with ours, theirs:
                readiness.in_a_thread(asyncio.get_running_loop(), ours.fileno(), lambda: None)()
            return threading.active_count() - before

        assert asyncio.run(main()) == 0


def test_select_tells_what_poll_would() -> None:
    poller = Select()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        poller.register(ours.fileno(), IN)
        assert poller.poll(0) == []
        poller.modify(ours.fileno(), IN | OUT)
        assert poller.poll(0) == [(ours.fileno(), OUT)]
        theirs.send(b"!")
        assert poller.poll(5) == [(ours.fileno(), IN | OUT)]
        poller.unregister(ours.fileno())
        assert poller.poll(0) == []


def test_reads_at_an_offset_by_seeking(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    descriptor = os.open(tmp_path / "file", os.O_RDONLY)
    try:
        assert linux_calls._by_seeking(descriptor, 3, 4) == b"456" == linux_calls.pread(descriptor, 3, 4)
    finally:
        os.close(descriptor)


def test_a_program_as_a_plain_child_tells_its_exit_status() -> None:
    with plain_child.started(["sh", "-c", "exit 7"], dict(os.environ), (), {}, {}) as program:
        assert program.wait().exit_status == 7


class _Line:
    def __init__(self) -> None:
        self.told = threading.Event()

    def receive(self) -> dict[str, bool]:
        assert self.told.wait(5)
        return {"stop": True}


def test_a_server_that_a_shut_down_wakes_returns_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stops, "NEEDED", True)
    line = _Line()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stop = stops.Stop(listener, line, dict)  # type: ignore[arg-type]  # of a line it is asked no more
        line.told.set()
        with pytest.raises(OSError, match="Invalid argument"):  # it was shut down
            listener.accept()
        stop.returned()
