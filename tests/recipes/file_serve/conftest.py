"""One server process for many tests, each of which must leave it as it found it."""

from __future__ import annotations

import os
import random
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.recipes.file_serve.client import get
from tests.recipes.tcp_echo.servers import CLEAN, Server, Variant, variants, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LOOP_WITHOUT_SENDFILE = ("asyncio_sendfile", "asyncio+uvloop")
VARIANTS = [each for each in variants("file_serve") if (each.name, each.backend) != LOOP_WITHOUT_SENDFILE]
SETTINGS = {"recipes.file_serve._http": {"GRACE_S": 0.3, "LINGER_S": 0.3, "TICK_S": 0.05}}
CHUNK = 256 * 1024
SIZES = {"empty": 0, "one": 1, "page": 4096, "short": CHUNK - 1, "chunk": CHUNK, "long": CHUNK + 1, "big": 3 << 20}
BIG = 64 << 20
"""More than all buffers on the way hold."""


def serving(variant: Variant, folder: Path, **limits: float) -> Server:
    """A server of that folder; limits are constants of `_http`."""
    constants = {name: {**values, **limits} for name, values in SETTINGS.items()}
    return Server(variant, str(folder), settings=constants)


@pytest.fixture(scope="session")
def files() -> dict[str, bytes]:
    """What is in the folder, by name."""
    chooser = random.Random(17)
    made = {name: chooser.randbytes(size) for name, size in SIZES.items()}
    return made | {
        "sub/page.html": b"<p>Hello</p>",
        "sub/deep/a b%é": b"odd",
        "..data": b"two dots",
        "archive.tar.gz": b"x",
    }


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> Iterator[Path]:
    """The folder that is served; beside it lies a secret, and in it what is no file."""
    above = tmp_path_factory.mktemp("site")
    served = above / "public"
    for name, content in files.items():
        (served / name).parent.mkdir(parents=True, exist_ok=True)
        (served / name).write_bytes(content)
    (above / "secret").write_text("secret")
    (served / "link").symlink_to(above / "secret")
    (served / "way-out").symlink_to(above)
    (served / "inside").symlink_to("page")
    os.mkfifo(served / "fifo")
    with (served / "sparse").open("wb") as file:
        file.truncate(BIG)
    yield served
    shutil.rmtree(above)


@pytest.fixture(scope="session", params=[pytest.param(variant, id=str(variant)) for variant in VARIANTS])
def _server(request: pytest.FixtureRequest, folder: Path) -> Iterator[Server]:
    """The same process for all tests of a variant that follow one another."""
    with serving(request.param, folder) as server:
        for _ in range(3):
            assert get(server.address, "/page").status == 200
        yield server
        server.stop()
        left = server.ended()
        left.pop("listening")
        assert left == CLEAN
        assert server.said() == ""


@pytest.fixture
def server(_server: Server, files: dict[str, bytes]) -> Iterator[Server]:
    """Holds a server to what every test must leave: it answers, has said nothing, and holds nothing more."""
    assert get(_server.address, "/page").body == files["page"]
    descriptors, memory = _server.descriptors(), _server.rss()
    _server.may_keep = 24 << 20  # more than a thread's arena, less than any fault pours in
    yield _server
    assert _server.process.poll() is None, f"it has ended: {_server.said()}"
    wait_until(lambda: _server.descriptors() <= descriptors, "the descriptors are back")
    assert get(_server.address, "/page").body == files["page"]
    wait_until(lambda: _server.rss() <= memory + _server.may_keep, f"the memory is back near {memory}")
    assert _server.said() == ""


@pytest.fixture
def passes(server: Server, stands: Callable[[str, str | None, str, str], None]) -> Callable[..., None]:
    """Note a verdict in the matrix: `passes("half-close")`, or `passes("silent", "cannot: …")`."""

    def note(fault: str, verdict: str = "passes") -> None:
        stands(server.variant.recipe, server.variant.backend, fault, verdict)

    return note
