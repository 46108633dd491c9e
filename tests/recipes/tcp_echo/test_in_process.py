"""The contract within one process: what a caller that runs other things beside the server relies on.

The checks for threads, tasks and descriptors that every test here is held to look at this very process.
"""

from __future__ import annotations

import importlib
import os
import select
import socket
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.abc
import anyio.lowlevel
import anyio.to_thread
import pytest

import compare
from tests.recipes.tcp_echo import faults
from tests.recipes.tcp_echo.servers import FORKING, HELD, Variant, variants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Stands = Callable[[str, str | None, str, str], None]

MAIN_THREAD_ONLY = {"signal_driven"}
SYNC = [v for v in variants() if v.backend is None and v.name not in FORKING | MAIN_THREAD_ONLY]
ASYNC = [v for v in variants() if v.backend is not None and v.name not in HELD]
SERVERS_OF_FILES = [
    v
    for v in variants("file_serve")
    if v.backend is not None and (v.name, v.backend) != ("asyncio_sendfile", "asyncio+uvloop")
]
MISTAKES = [v for v in variants() if v.name in HELD]


def _serve(variant: Variant) -> Callable[..., Any]:
    serve: Callable[..., Any] = importlib.import_module(f"recipes.{variant.kind}.{variant.name}").serve
    return serve


@contextmanager
def _listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        yield listener


@pytest.mark.parametrize("variant", SYNC, ids=str)
def test_a_sync_server_ends_when_its_listener_is_shut_down_by_another_thread(variant: Variant) -> None:
    with _listener() as listener:
        thread = threading.Thread(target=_serve(variant), args=(listener,))
        thread.start()
        with faults.connect(listener.getsockname()) as conn:
            faults.ask(conn, b"hello")
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(faults.BOUND_S)
            assert not thread.is_alive()
            assert conn.recv(1) == b""


@pytest.mark.no_blocking(threshold_ms=100)
@pytest.mark.parametrize("variant", ASYNC, ids=str)
def test_an_async_server_ends_when_it_is_cancelled(variant: Variant, run: Callable[..., Any]) -> None:
    async def main(listener: socket.socket) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(_serve(variant), listener)
            async with await anyio.connect_tcp(*listener.getsockname()) as stream:
                await stream.send(b"hello")
                with anyio.fail_after(faults.BOUND_S):
                    assert await stream.receive() == b"HELLO"
                    group.cancel_scope.cancel()
                    with anyio.CancelScope(shield=True), pytest.raises(anyio.EndOfStream):
                        await stream.receive()

    with _listener() as listener:
        run(variant.backend, main, listener)
        assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)  # it is its caller's, and still listens


@pytest.mark.no_blocking(threshold_ms=100)
@pytest.mark.parametrize("variant", ASYNC, ids=str)
def test_an_async_server_ends_when_its_listener_is_shut_down(variant: Variant, run: Callable[..., Any]) -> None:
    async def main(listener: socket.socket) -> None:
        with anyio.fail_after(faults.BOUND_S):
            async with anyio.create_task_group() as group:
                group.start_soon(_serve(variant), listener)
                async with await anyio.connect_tcp(*listener.getsockname()) as stream:
                    await stream.send(b"hello")
                    assert await stream.receive() == b"HELLO"
                    listener.shutdown(socket.SHUT_RDWR)
                    with pytest.raises(anyio.EndOfStream):
                        await stream.receive()

    with _listener() as listener:
        run(variant.backend, main, listener)


@pytest.mark.parametrize("variant", ASYNC, ids=str)
def test_a_client_that_comes_in_the_turn_in_which_the_server_is_cancelled(
    variant: Variant, run: Callable[..., Any]
) -> None:
    """It is closed or left in line, and nothing is logged."""

    async def main(listener: socket.socket) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(_serve(variant), listener)
            async with await anyio.connect_tcp(*listener.getsockname()) as stream:
                await stream.send(b"hello")
                assert await stream.receive() == b"HELLO"
                with faults.connect(listener.getsockname()):
                    await anyio.lowlevel.checkpoint()  # asyncio has seen it then, and has it in line behind this task
                    group.cancel_scope.cancel()
                    with anyio.CancelScope(shield=True), pytest.raises(anyio.EndOfStream):
                        await stream.receive()

    with _listener() as listener:
        run(variant.backend, main, listener)


def _is_the_loop_free(variant: Variant, run: Callable[..., Any]) -> bool:
    """Whether the loop runs anything else while a client that is being served says nothing."""
    ran = threading.Event()
    free: list[bool] = []

    def silent(address: faults.Address) -> None:  # runs in a thread, so that it is not held with the loop
        with faults.connect(address) as conn:
            faults.ask(conn, b"serve me")
            loop_call(ran.set)
            free.append(ran.wait(faults.SILENCE_S if variant.name in HELD else faults.BOUND_S))
            with faults.connect(address) as second:
                second.sendall(b"me too")
                answered = bool(select.select([second], [], [], faults.SILENCE_S if not free[0] else faults.BOUND_S)[0])
                conn.close()  # from here on the second is served everywhere
                assert faults.receive(second, 6) == b"ME TOO"
            assert answered == free[0]

    loop_call: Callable[[Callable[[], object]], object]

    async def main(listener: socket.socket) -> None:
        nonlocal loop_call
        if variant.backend == "trio":
            import trio  # noqa: PLC0415

            loop_call = trio.lowlevel.current_trio_token().run_sync_soon
        else:
            import asyncio  # noqa: PLC0415

            loop_call = asyncio.get_running_loop().call_soon_threadsafe
        async with anyio.create_task_group() as group:
            group.start_soon(_serve(variant), listener)
            await anyio.to_thread.run_sync(silent, listener.getsockname())
            group.cancel_scope.cancel()

    with _listener() as listener:
        run(variant.backend, main, listener)
    return free[0]


@pytest.mark.no_blocking(threshold_ms=100)
@pytest.mark.xfail(raises=compare.BlockingError, strict=True, reason="this is what the mistake is")
@pytest.mark.parametrize("variant", MISTAKES, ids=str)
def test_the_mistake_holds_the_loop_until_its_client_leaves(variant: Variant, run: Callable[..., Any]) -> None:
    assert not _is_the_loop_free(variant, run)


@pytest.mark.no_blocking(threshold_ms=100)
@pytest.mark.parametrize("variant", ASYNC, ids=str)
def test_no_other_holds_the_loop(variant: Variant, run: Callable[..., Any]) -> None:
    assert _is_the_loop_free(variant, run)


def test_signals_are_for_the_main_thread() -> None:
    (variant,) = (v for v in variants() if v.name in MAIN_THREAD_ONLY)
    errors: list[ValueError] = []

    def serve() -> None:
        try:
            _serve(variant)(listener)
        except ValueError as error:
            errors.append(error)

    with _listener() as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        thread.join(faults.BOUND_S)
    assert "main thread" in str(errors[0])


@pytest.mark.parametrize("variant", [*ASYNC, *SERVERS_OF_FILES], ids=str)
def test_a_reply_does_not_wait_for_an_acknowledgement(
    variant: Variant, run: Callable[..., Any], tmp_path: Path
) -> None:
    """TCP_NODELAY is on. asyncio leaves it off where the listener's `proto` is 0, and anyio always."""

    async def served() -> None:
        arguments = (listener, str(tmp_path)) if variant.kind == "file_serve" else (listener,)
        async with anyio.create_task_group() as group:
            group.start_soon(_serve(variant), *arguments)
            stream = await anyio.connect_tcp(*listener.getsockname())
            async with stream:
                await stream.send(b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n")
                assert await stream.receive(1)
                client = stream.extra(anyio.abc.SocketAttribute.local_address)
                assert _options_of_the_server(client) == [1]
            group.cancel_scope.cancel()

    with _listener() as listener:
        assert listener.proto == 0
        run(variant.backend, served)


def _options_of_the_server(client: object) -> list[int]:
    """TCP_NODELAY of each socket of this process that is connected with a client."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if not entry.readlink().name.startswith("socket:"):
                continue
        with suppress(OSError), socket.socket(fileno=os.dup(int(entry.name))) as conn:
            if conn.getpeername() == client:
                found.append(conn.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
    return found
