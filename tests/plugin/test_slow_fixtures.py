"""`slow_file`, `slow_path` and `silent_peer`: a disk and a peer that hang, for anybody's tests; nothing stays."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import compare

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporary files of others come and go meanwhile."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def _left() -> tuple[set[str], set[str], int]:
    folders = {path.name for path in Path(tempfile.gettempdir()).glob("compare-*") if (path / "slow").exists()}
    return {path.name for path in Path("/proc/self/fd").iterdir()}, folders, threading.active_count()


def test_it_opens_at_once_and_delivers_late() -> None:
    before, data = _left(), os.urandom(200_000)  # more than a pipe holds
    with compare.slow_file(data, 0.3) as path:
        began = time.monotonic()
        with path.open("rb", buffering=0) as file:
            opened = time.monotonic() - began
            assert file.read(10) == data[:1]
            rest = b"".join(iter(lambda: file.read(1 << 16), b""))
            took = time.monotonic() - began
    assert data[:1] + rest == data
    assert opened < 0.3 <= took
    assert _left() == before
    assert not path.parent.exists()


@pytest.mark.parametrize("data", [b"", b"x"])
def test_little_data(data: bytes) -> None:
    with compare.slow_file(data, 0.05, name="settings.toml") as path:
        assert path.name == "settings.toml"
        assert path.read_bytes() == data


def test_who_still_reads_is_let_go() -> None:
    before = _left()
    got: list[bytes] = []
    with compare.slow_file(b"never", 60.0) as path:
        reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
        reader.start()
        with path.open("rb", buffering=0):
            pass
    reader.join(10)
    assert got in ([b"n"], [b""])
    assert _left() == before


def test_in_a_loop_it_makes_no_call_that_may_block(inner: Callable[..., Any]) -> None:
    ran = inner("""
        import anyio, pytest, async_io_cookbook

        pytestmark = [pytest.mark.anyio, pytest.mark.no_blocking(threshold_ms=5000, strict=True)]

        async def test_aside():
            with async_io_cookbook.slow_file(b"data", 0.1) as path:
                assert await anyio.Path(path).read_bytes() == b"data"

        async def test_fixture(slow_path, silent_peer):
            assert await anyio.Path(slow_path(b"data", 0.1)).read_bytes() == b"data"
            async with await anyio.connect_tcp(*silent_peer) as stream:
                await stream.send(b"hello")
                with anyio.move_on_after(0.05) as limit:
                    await stream.receive()
                assert limit.cancelled_caught
    """)
    assert len(ran.failures) == 6
    assert ran.failed == set(), ran.output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("text", 1), "data must be bytes, not str"),
        ((b"", -1), "delay must be a number of seconds, 0 or more, not -1"),
        ((b"", "soon"), "delay must be a number of seconds, 0 or more, not 'soon'"),
    ],
)
def test_bad_arguments_are_told_in_a_line(arguments: Any, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        compare.slow_file(*arguments)
    with pytest.raises(ValueError, match="name must be a file's name without a folder, not 'a/b'"):
        compare.slow_file(b"", 1, name="a/b")


def test_a_silent_peer() -> None:
    before = _left()
    with compare.silent_peer() as address, socket.create_connection(address, timeout=10) as client:
        client.sendall(b"hello")
        client.settimeout(0.05)
        with pytest.raises(TimeoutError):
            client.recv(1)
    assert _left() == before


@pytest.mark.parametrize(("example", "library"), [("test_slow_disk.py", "fastapi"), ("test_silent_peer.py", "aiohttp")])
def test_the_examples_of_the_docs(inner: Callable[..., Any], example: str, library: str) -> None:
    pytest.importorskip(library)
    ran = inner({"test_example.py": (EXAMPLES / example).read_text("utf-8")})
    assert list(ran.failures.values()) == [None], ran.output


def test_an_example_fails_where_the_loop_reads(inner: Callable[..., Any]) -> None:
    pytest.importorskip("fastapi")
    text = (EXAMPLES / "test_slow_disk.py").read_text("utf-8")
    ran = inner({"test_example.py": text.replace("await anyio.Path(path).read_bytes()", "Path(path).read_bytes()")})
    assert len(ran.failed) == 1
    (name,) = ran.failed
    assert "Path(path).read_bytes()" in ran.line(name) or "lengths == []" in ran.failures[name]


def test_it_is_asyncios_default_way_too() -> None:
    async def read() -> bytes:
        with compare.slow_file(b"data", 0.05) as path:
            return await asyncio.to_thread(path.read_bytes)

    assert asyncio.run(read()) == b"data"
