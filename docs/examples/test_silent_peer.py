"""aiohttp: a service says so when the one that it asks does not answer."""

import asyncio

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer

UPSTREAM = web.AppKey("UPSTREAM", str)


async def prices(request: web.Request) -> web.Response:
    """Ask somebody else, and give up after a while."""
    try:
        async with (
            asyncio.timeout(0.2),
            ClientSession() as session,
            session.get(request.app[UPSTREAM]) as answer,
        ):
            return web.Response(body=await answer.read())
    except TimeoutError:
        return web.Response(status=504, text="no prices in time")


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio alone."""
    return "asyncio"


@pytest.mark.anyio
@pytest.mark.no_blocking
async def test_it_gives_up_in_time(silent_peer: tuple[str, int]) -> None:
    """Whoever asks is told, though the peer says nothing."""
    host, port = silent_peer
    app = web.Application()
    app[UPSTREAM] = f"http://{host}:{port}/"
    app.router.add_get("/prices", prices)
    async with TestClient(TestServer(app)) as client, asyncio.timeout(10):
        assert (await client.get("/prices")).status == 504
