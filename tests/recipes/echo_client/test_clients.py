"""Each client on each of its backends, against a server that answers byte by byte, at once, or not at all."""

from __future__ import annotations

import importlib
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from recipes.tcp_echo.thread_per_connection import serve
from tests.reading import line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[3]
BOUND_S = 10.0
BACKENDS: dict[str, tuple[str | None, ...]] = {
    "asyncio": ("asyncio", "asyncio+uvloop"),
    "trio": ("trio",),
    "anyio": ("asyncio", "asyncio+uvloop", "trio"),
}
NAMES = sorted(path.stem for path in (ROOT / "recipes" / "echo_client").glob("[a-z]*.py"))
CLIENTS = [
    pytest.param(
        name,
        backend,
        id=f"{name}@{backend}" if backend else name,
        marks=[pytest.mark.no_blocking(threshold_ms=200)] if backend else [],
    )
    for name in NAMES
    for backend in BACKENDS.get(name.split("_")[0], (None,))
]
Address = tuple[str, int]


@pytest.fixture
def address() -> Iterator[Address]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield listener.getsockname()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(BOUND_S)
        assert not thread.is_alive()


@contextmanager
def _answering(answer: Callable[[socket.socket], None]) -> Iterator[Address]:
    """A server for one connection, whose misbehaviour is `answer`."""

    def take() -> None:
        conn, _ = listener.accept()
        with conn, suppress(ConnectionError):
            conn.settimeout(BOUND_S)
            answer(conn)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(BOUND_S)
        thread = threading.Thread(target=take)
        thread.start()
        yield listener.getsockname()
        thread.join(BOUND_S)
        assert not thread.is_alive()


def _exchange(name: str) -> Callable[..., Any]:
    exchange: Callable[..., Any] = importlib.import_module(f"recipes.echo_client.{name}").exchange
    return exchange


@pytest.mark.parametrize(("name", "backend"), CLIENTS)
def test_each_message_has_its_reply(name: str, backend: str | None, address: Address, run: Callable[..., Any]) -> None:
    messages = [b"one", b"", b"two\n", bytes(range(256)), b"x"]
    assert run(backend, _exchange(name), address, messages) == [message.upper() for message in messages]
    assert run(backend, _exchange(name), address, []) == []


@pytest.mark.parametrize(("name", "backend"), CLIENTS)
def test_big_and_many(name: str, backend: str | None, address: Address, run: Callable[..., Any]) -> None:
    messages = [os.urandom(8 << 20), *(b"message %d" % number for number in range(300))]
    assert run(backend, _exchange(name), address, messages) == [message.upper() for message in messages]


@pytest.mark.parametrize(("name", "backend"), CLIENTS)
def test_replies_in_pieces(name: str, backend: str | None, run: Callable[..., Any]) -> None:
    def answer(conn: socket.socket) -> None:
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := conn.recv(1 << 16):
            for byte in data:
                conn.send(bytes([byte]).upper())

    messages = [b"a reply that comes in pieces", b"and another one"]
    with _answering(answer) as address:
        assert run(backend, _exchange(name), address, messages) == [message.upper() for message in messages]


@pytest.mark.parametrize("how", ["end of file", "reset"])
@pytest.mark.parametrize(("name", "backend"), CLIENTS)
def test_a_server_that_ends_too_early(name: str, backend: str | None, how: str, run: Callable[..., Any]) -> None:
    def answer(conn: socket.socket) -> None:
        conn.recv(1 << 16)
        conn.send(b"HAL")
        if how == "reset":
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0]))

    with _answering(answer) as address, pytest.raises(ConnectionError):
        run(backend, _exchange(name), address, [b"half a reply", b"and none"])


@pytest.mark.parametrize(("name", "backend"), CLIENTS)
def test_nobody_listens(name: str, backend: str | None, run: Callable[..., Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    with pytest.raises(OSError):  # noqa: PT011  trio and anyio say it in their own words
        run(backend, _exchange(name), address, [b"hello?"])


def _program(name: str, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"recipes.echo_client.{name}", *arguments]
    return subprocess.Popen(command, bufsize=0, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, **options)


@pytest.mark.parametrize("name", NAMES)
def test_the_prompt_skips_empty_lines_and_leaves_at_the_end_of_file(name: str, address: Address) -> None:
    with _program(name, str(address[1]), stdin=subprocess.PIPE) as process:
        said, told = process.communicate("hello\n\n  \nwörld\n".encode(), BOUND_S)
    assert process.returncode == 0
    assert told == b""
    assert said.decode() == ">>> HELLO\n>>> >>>   \n>>> WöRLD\n>>> \n"  # bytes.upper() knows ASCII alone


def _interrupted(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Ctrl-C, like a person, again when nothing happens: asyncio can miss one just before it goes to sleep."""
    for _ in range(10):
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=BOUND_S / 10)
    raise AssertionError


@pytest.mark.parametrize("name", NAMES)
def test_the_prompt_on_a_terminal_ends_at_ctrl_c(name: str, address: Address) -> None:
    try:
        terminal, its_end = pty.openpty()
    except OSError as error:
        pytest.skip(f"this machine gives no terminals: {error}")
    try:
        with _program(name, str(address[1]), stdin=its_end, start_new_session=True) as process, ExitStack() as stack:
            stack.callback(process.kill)
            assert process.stdout is not None
            os.read(process.stdout.fileno(), 4)  # ">>> "
            os.write(terminal, b"hello\n")
            assert line(process).endswith(b"HELLO\n")
            os.read(process.stdout.fileno(), 4)
            said, told = _interrupted(process)
            assert process.returncode == 130
            assert b"Traceback" not in said + told
    finally:
        os.close(terminal)
        os.close(its_end)


@pytest.mark.parametrize("name", NAMES)
def test_the_prompt_says_in_one_line_what_is_wrong(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = str(listener.getsockname()[1])
    with ExitStack() as stack:
        processes = {}
        for port in ("", "eighty", "70000", free):  # all at once: most of their time is starting up
            processes[port] = stack.enter_context(_program(name, *port.split(), stdin=subprocess.DEVNULL))
            stack.callback(processes[port].kill)
        for port, process in processes.items():
            said, told = process.communicate(timeout=BOUND_S)
            assert process.returncode == 2
            assert said == b""
            assert told.count(b"\n") == 1
            assert (port or "nothing").encode() in told


@pytest.mark.parametrize("name", [name for name in NAMES if name != "blocking"])
def test_the_prompt_does_not_hold_the_loop(name: str, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """While somebody types, the loop runs other things; here it has to, or the line is never typed."""
    typed = threading.Event()
    lines = iter(["hello"])

    def type_a_line(_prompt: str) -> str:
        assert typed.wait(BOUND_S)
        line = next(lines, None)
        if line is None:
            raise EOFError
        return line

    monkeypatch.setattr("builtins.input", type_a_line)
    backend = BACKENDS[name.split("_", maxsplit=1)[0]][0]
    client = importlib.import_module(f"recipes.echo_client.{name}")

    async def main(address: Address) -> None:
        import anyio  # noqa: PLC0415

        async with anyio.create_task_group() as group:
            group.start_soon(client.prompt, address)
            await anyio.wait_all_tasks_blocked()
            typed.set()

    received: list[bytes] = []

    def answer(conn: socket.socket) -> None:
        while data := conn.recv(100):
            received.append(data)
            conn.send(data.upper())

    with _answering(answer) as address:
        run(backend, main, address)
    assert received == [b"hello"]
