"""FastAPI: a service answers while a file that it reads hangs."""

from collections.abc import Callable
from pathlib import Path

import anyio
import httpx
import pytest
from fastapi import FastAPI

app = FastAPI()


@app.get("/report")
async def report(path: str) -> int:
    """Read a file, in a worker thread."""
    return len(await anyio.Path(path).read_bytes())


@app.get("/health")
async def health() -> str:
    """Answer at once."""
    return "well"


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio alone."""
    return "asyncio"


@pytest.mark.anyio
@pytest.mark.no_blocking
async def test_it_answers_while_the_disk_hangs(slow_path: Callable[..., Path]) -> None:
    """Its health is told while the report is still being read."""
    path = slow_path(data=bytes(1000), delay=0.5)
    transport = httpx.ASGITransport(app)
    lengths: list[int] = []

    async with httpx.AsyncClient(
        transport=transport, base_url="http://service"
    ) as client:

        async def ask() -> None:
            lengths.append(
                (await client.get("/report", params={"path": str(path)})).json()
            )

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            for _ in range(20):
                assert (await client.get("/health")).json() == "well"
            assert lengths == []  # the disk still hangs
    assert lengths == [1000]
