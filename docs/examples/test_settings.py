"""A test that may not block its event loop: it passes, and is failed all the same."""

import app
import pytest


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio alone."""
    return "asyncio"


@pytest.mark.anyio
@pytest.mark.no_blocking
async def test_settings_are_loaded() -> None:
    """The function returns what it should, and holds the loop meanwhile."""
    assert await app.load_settings() == b"settings"
