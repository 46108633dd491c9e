"""One server process for many faults, each of which must leave it as it found it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.recipes.tcp_echo import faults
from tests.recipes.tcp_echo.servers import CLEAN, Server, variants, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session", params=[pytest.param(variant, id=str(variant)) for variant in variants()])
def _server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The same process for all tests of a variant that follow one another."""
    with Server(request.param) as server:
        for _ in range(3):
            faults.healthy(server.address)
        yield server
        server.stop()
        left = server.ended()
        left.pop("listening")
        assert left == CLEAN
        assert server.said() == server.expected


@pytest.fixture
def server(_server: Server) -> Iterator[Server]:
    """Holds a server to what every fault must leave: it answers, has said nothing, and holds nothing more."""
    faults.healthy(_server.address)
    descriptors, memory = _server.descriptors(), _server.rss()
    assert _server.said() == _server.expected
    yield _server
    assert _server.process.poll() is None, f"it has ended: {_server.said()}"
    wait_until(lambda: _server.descriptors() <= descriptors, "the descriptors are back")
    faults.healthy(_server.address)
    wait_until(lambda: _server.rss() <= memory + _server.may_keep, f"the memory is back near {memory}")
    assert _server.said() == _server.expected


@pytest.fixture
def passes(server: Server, stands: Callable[[str, str | None, str, str], None]) -> Callable[..., None]:
    """Note a verdict in the matrix: `passes("half-close")`, or `passes("silent", "cannot: …")`."""

    def note(fault: str, verdict: str = "passes") -> None:
        stands(server.variant.recipe, server.variant.backend, fault, verdict)

    return note
