"""How servers end: told by their caller, by Ctrl-C or by SIGTERM, with clients connected; and how they don't start."""

from __future__ import annotations

import ctypes
import gc
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest

from tests.reading import line
from tests.recipes.tcp_echo import faults
from tests.recipes.tcp_echo.servers import CLEAN, HELD, ROOT, Server, Variant, variants

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGE = 1024
LIMIT_S = 2.0
"""Within how many seconds a server must be out."""
VARIANTS = [pytest.param(variant, id=str(variant)) for variant in variants()]
PROGRAMS = list(dict.fromkeys(variant.name for variant in variants()))


class _Talker:
    """A client that sends one message after the other, until the server ends the connection."""

    def __init__(self, address: faults.Address) -> None:
        self.conn = faults.connect(address)
        faults.ask(self.conn, b"x" * MESSAGE)  # it is being served from here on
        self.received = 0
        self.thread = threading.Thread(target=self._talk)
        self.thread.start()

    def _talk(self) -> None:
        with suppress(ConnectionError):
            while True:
                self.conn.sendall(b"x" * MESSAGE)
                while data := self.conn.recv(MESSAGE):
                    assert data == b"X" * len(data)
                    self.received += len(data)
                    if self.received % MESSAGE == 0:
                        break
                else:
                    return

    def close(self) -> None:
        self.thread.join(faults.BOUND_S)
        self.conn.close()


def _ends(conn: socket.socket) -> None:
    """The server has ended this connection: with the end of file, or with a reset when it had not read everything."""
    with suppress(ConnectionResetError):
        faults.receive_all(conn)


@pytest.mark.parametrize("variant", VARIANTS)
def test_told_to_end_with_clients_connected(variant: Variant) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(Server(variant))
        first = stack.enter_context(faults.connect(server.address))
        faults.ask(first, b"first")
        others = [stack.enter_context(faults.connect(server.address)) for _ in range(5)]
        if variant.capacity is None:
            stuck = stack.enter_context(faults.never_reading(server.address, 64 << 20))
            assert stuck > 0
        start = time.monotonic()
        server.stop()
        if variant.name in HELD:
            assert faults.is_silent(first)  # the loop can't be told before the client leaves
            for conn in (first, *others):
                conn.close()
        left = server.ended()
        assert time.monotonic() - start < LIMIT_S
        listening = left.pop("listening")
        assert left == CLEAN
        assert listening is (variant.backend is not None)  # the listener is its caller's
        assert server.said() == ""
        server.listener.close()
        if variant.name not in HELD:
            for conn in (first, *others):
                _ends(conn)


@pytest.mark.parametrize("variant", VARIANTS)
def test_told_to_end_while_no_descriptor_is_free(
    variant: Variant, stands: Callable[[str, str | None, str, str], None]
) -> None:
    """The kernel says EMFILE even of a listener that was shut down, while somebody waits there."""
    with ExitStack() as stack:
        server = stack.enter_context(Server(variant))
        first = stack.enter_context(faults.connect(server.address))
        faults.ask(first, b"first")
        stack.enter_context(server.lowered(0))
        others = [stack.enter_context(faults.connect(server.address)) for _ in range(5)]
        assert faults.is_silent(first)
        start = time.monotonic()
        server.listener.shutdown(socket.SHUT_RDWR)
        if variant.name in HELD:
            for conn in (first, *others):
                conn.close()
        left = server.ended()
        assert time.monotonic() - start < LIMIT_S
        left.pop("listening")
        assert left == CLEAN
        assert server.said() == ""
    stands(variant.recipe, variant.backend, "told to end without a descriptor", "passes")


ON_UVLOOP = """
import uvloop
from recipes.tcp_echo import main, {name}
main(lambda listener: uvloop.run({name}.serve(listener)), at_once={held})
"""
ANYIO_ON_TRIO = """
import anyio
from recipes.tcp_echo import main, {name}
main(lambda listener: anyio.run({name}.serve, listener, backend="trio"))
"""


def _program(variant: Variant) -> subprocess.Popen[bytes]:
    run = ["-m", f"recipes.tcp_echo.{variant.name}"]
    if variant.backend == "asyncio+uvloop":
        run = ["-c", ON_UVLOOP.format(name=variant.name, held=variant.name in HELD)]
    elif variant.backend == "trio" and variant.name.startswith("anyio_"):
        run = ["-c", ANYIO_ON_TRIO.format(name=variant.name)]
    return subprocess.Popen(
        [sys.executable, "-W", "always", *run, "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        start_new_session=True,
    )


@pytest.mark.parametrize("variant", VARIANTS)
def test_signals_with_clients_connected(variant: Variant, stands: Callable[[str, str | None, str, str], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        _ends_at(number, variant)
    stands(variant.recipe, variant.backend, "SIGTERM and SIGINT", "passes")


def _ends_at(number: int, variant: Variant) -> None:
    with _program(variant) as process, ExitStack() as stack:
        stack.callback(process.kill)
        assert process.stderr is not None
        address = ("127.0.0.1", int(line(process).rsplit(b":", 1)[1]))
        talker = _Talker(address)
        stack.callback(talker.close)
        waiting = stack.enter_context(faults.connect(address))
        start = time.monotonic()
        os.killpg(process.pid, number)  # a terminal's Ctrl-C reaches the whole group
        assert process.wait(faults.BOUND_S) == 128 + number
        assert time.monotonic() - start < LIMIT_S
        talker.thread.join(faults.BOUND_S)
        if variant.name not in HELD:
            assert talker.received % MESSAGE == 0  # no reply was cut in its middle
        _ends(waiting)
        assert process.stderr.read() == b""
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)  # no child of it is left


@pytest.mark.parametrize("name", ["thread_per_connection", "threadpool_blocking"])
def test_a_signal_that_does_not_interrupt_the_call_of_the_main_thread(name: str) -> None:
    """As one does that comes just before the call. Here another thread takes it, so that there is no luck in it."""
    with _program(Variant(name, None)) as process, ExitStack() as stack:
        stack.callback(process.kill)
        address = ("127.0.0.1", int(line(process).rsplit(b":", 1)[1]))
        with faults.connect(address) as conn:
            faults.ask(conn, b"my thread is there")
            other = max(int(name) for name in os.listdir(f"/proc/{process.pid}/task"))  # noqa: PTH208
            assert other != process.pid
            start = time.monotonic()
            assert ctypes.CDLL(None).tgkill(process.pid, other, signal.SIGTERM) == 0
            assert process.wait(faults.BOUND_S) == 128 + signal.SIGTERM
            assert time.monotonic() - start < LIMIT_S


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("port", ["", "eighty", "1 2", "70000", "taken"])
def test_ports_that_are_none(
    name: str, port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sys.modules.pop(f"recipes.tcp_echo.{name}", None)  # runpy warns of a program that is imported as a module, too
    with socket.create_server(("127.0.0.1", 0)) as taken, warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # CPython's create_server forgets to close at "70000"
        port = port.replace("taken", str(taken.getsockname()[1]))
        monkeypatch.setattr(sys, "argv", ["program", *port.split()])
        with pytest.raises(SystemExit) as ended:
            runpy.run_module(f"recipes.tcp_echo.{name}", run_name="__main__")
        status = ended.value.code
        del ended  # and with it the frames that it keeps
        gc.collect()
    said, told = capsys.readouterr()
    assert status == 2
    assert said == ""
    assert told.count("\n") == 1
    assert f"not {port or 'nothing'}: " in told
