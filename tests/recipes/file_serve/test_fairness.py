"""A client that asks for much at once gets it all, and has not the loop for itself."""

from __future__ import annotations

import importlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from recipes.file_serve._http import Request, Requests
from tests.recipes.file_serve.conftest import VARIANTS
from tests.recipes.tcp_echo import faults

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.recipes.tcp_echo.servers import Variant

ASKED, MOST = 2000, 50
"""So many requests are sent as one, and at most so many are taken in one turn of the loop."""


class Taken:
    """Counts the requests that are taken, and how many of them in one turn of the loop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.all = self.now = self.most = 0
        following = Requests.next

        def counted(requests: Requests) -> Request | None:
            request = following(requests)
            if request is not None:
                self.all, self.now = self.all + 1, self.now + 1
                self.most = max(self.most, self.now)
            return request

        monkeypatch.setattr(Requests, "next", counted)

    async def each_turn(self, ended: threading.Event) -> None:
        while not ended.is_set():
            self.now = 0
            await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("line", ["GET /one", "HEAD /page", "GET /none", "GET /", "PUT /one"])
@pytest.mark.parametrize("variant", [each for each in VARIANTS if each.backend], ids=str)
def test_many_requests_at_once(  # noqa: PLR0917  fixtures
    variant: Variant,
    line: str,
    folder: Path,
    run: Callable[..., Any],
    aside: Callable[[Callable[[], object]], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    serve = importlib.import_module(f"recipes.file_serve.{variant.name}").serve
    taken, ended = Taken(monkeypatch), threading.Event()
    answers: list[bytes] = []

    def ask() -> None:
        try:
            with faults.connect(listener.getsockname()) as conn:
                conn.sendall(f"{line} HTTP/1.1\r\nHost: a\r\n\r\n".encode() * ASKED)
                conn.shutdown(socket.SHUT_WR)
                answers.append(faults.receive_all(conn))
        finally:
            ended.set()

    async def served() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(serve, listener, str(folder))
            await taken.each_turn(ended)
            group.cancel_scope.cancel()

    with socket.create_server(("127.0.0.1", 0)) as listener, aside(ask):
        run(variant.backend, served)
    assert answers[0].count(b"HTTP/1.1 ") == taken.all == ASKED
    assert taken.most <= MOST
