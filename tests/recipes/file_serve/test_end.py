"""How servers of files end, hang up on clients that take too long, and run as programs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest

from tests.reading import line
from tests.recipes.file_serve.client import Browser, get
from tests.recipes.file_serve.conftest import BIG, VARIANTS, serving
from tests.recipes.file_serve.test_faults import ASK
from tests.recipes.tcp_echo import faults
from tests.recipes.tcp_echo.servers import CLEAN, ROOT, Server, Variant, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EACH = pytest.mark.parametrize("variant", [pytest.param(variant, id=str(variant)) for variant in VARIANTS])
NAMES = list(dict.fromkeys(variant.name for variant in VARIANTS))
LIMITS = {"IDLE_S": 0.3, "HEAD_S": 0.3, "STALL_S": 1.0}


@EACH
def test_clients_that_take_too_long_and_the_end(variant: Variant, folder: Path, files: dict[str, bytes]) -> None:
    """Silent before the first head, between two, within one, and in a reply; then it is told to end."""
    with ExitStack() as stack:
        server = stack.enter_context(serving(variant, folder, **LIMITS))
        with Browser(server.address) as first:
            first.get("/page")
            descriptors = server.descriptors() - 1
        silent, slow, stuck = (stack.enter_context(faults.connect(server.address, RCVBUF=16 * 1024)) for _ in range(3))
        slow.sendall(ASK[:10])
        stuck.sendall(ASK % b"sparse")
        with Browser(server.address) as idle:
            idle.get("/page")
            for conn in (silent, slow, idle.socket):
                assert conn.recv(1) == b""
        wait_until(lambda: server.descriptors() <= descriptors, "nobody is connected any more")
        with suppress(ConnectionResetError):
            assert len(faults.receive_all(stuck)) < BIG
        _told_to_end(server, files, stack)


def _told_to_end(server: Server, files: dict[str, bytes], stack: ExitStack) -> None:
    """A reply that is taken is finished; who takes nothing is hung up on, and who says nothing."""
    silent = stack.enter_context(faults.connect(server.address))
    stuck = stack.enter_context(faults.connect(server.address, RCVBUF=16 * 1024))
    stuck.sendall(ASK % b"sparse")
    faults.receive(stuck, 1)
    taking = stack.enter_context(faults.connect(server.address))
    taking.sendall(ASK % b"big")
    begun = faults.receive(taking, 1)
    server.stop()
    assert (begun + faults.receive_all(taking)).endswith(files["big"])
    left = server.ended()
    left.pop("listening")
    assert left == CLEAN
    assert server.said() == ""
    assert silent.recv(1) == b""


@pytest.fixture(params=NAMES)
def program(request: pytest.FixtureRequest, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-W", "always", "-m", f"recipes.file_serve.{request.param}", "0", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    with process:
        yield process
        process.kill()


def test_it_runs_as_a_program(program: subprocess.Popen[bytes], files: dict[str, bytes]) -> None:
    assert program.stderr is not None
    address = ("127.0.0.1", int(line(program).rsplit(b":", 1)[1]))
    assert get(address, "/long").body == files["long"]
    program.send_signal(signal.SIGTERM)
    assert program.wait(faults.BOUND_S) == 128 + signal.SIGTERM
    assert program.stderr.read() == b""


@pytest.mark.parametrize("arguments", ["", "8000", "0 /nowhere", "eighty {}"])
def test_arguments_that_can_not_be_served(arguments: str, folder: Path) -> None:
    command = [sys.executable, "-m", f"recipes.file_serve.{NAMES[0]}", *arguments.format(folder).split()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("give ")
    assert done.stderr.count("\n") == 1
