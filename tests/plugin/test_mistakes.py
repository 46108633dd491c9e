"""The readers that are a mistake fail under the plugin, each in its own place."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_the_blocking_reader_is_told_with_its_line(inner: Callable[..., Any], tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    def late() -> None:
        with fifo.open("wb") as file:  # waits until it is being read
            threading.Event().wait(0.3)
            file.write(b"late")

    writer = threading.Thread(target=late)
    writer.start()
    try:
        ran = inner(f"""
            import pytest
            from recipes.file_read import asyncio_blocking_mistake

            @pytest.mark.anyio
            @pytest.mark.no_blocking(threshold_ms=150)
            @pytest.mark.parametrize("anyio_backend", ["asyncio"])
            async def test_mistake():
                assert await asyncio_blocking_mistake.read_file({str(fifo)!r}) == b"late"
        """)
    finally:
        writer.join(10)
    (name,) = ran.failed
    assert ran.field(name, "place") == "loop-thread"
    assert ran.field(name, "call") == "read"
    assert ran.field(name, "target") == str(fifo)
    assert "asyncio_blocking_mistake.py" in ran.field(name, "line")
