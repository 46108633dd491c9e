"""What clients, disks and limits do to a server of files, and what each makes of it: the matrix of who stands what.

The fixture `server` ends each of them: a client is answered, nothing was logged, descriptors and memory are back.
"""

from __future__ import annotations

import os
import resource
import socket
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.recipes.file_serve.client import Browser, get
from tests.recipes.file_serve.conftest import BIG
from tests.recipes.tcp_echo import faults
from tests.recipes.tcp_echo.servers import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.recipes.tcp_echo.servers import Server

    Passes = Callable[..., None]
    Files = dict[str, bytes]

MANY, SOME = 2_000, 300
SLOTS = 6
ASK = b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n"


def test_half_close(server: Server, files: Files, passes: Passes) -> None:
    with faults.connect(server.address) as conn:
        conn.sendall(ASK % b"big" + ASK % b"one")
        conn.shutdown(socket.SHUT_WR)
        answers = faults.receive_all(conn)
    assert answers.endswith(files["one"])
    assert files["big"] in answers
    passes("half-close")


def test_resets(server: Server, passes: Passes) -> None:
    for number in range(60):
        with faults.connect(server.address) as conn:
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, faults.RESET)
            conn.sendall(ASK[: number % 30] if number % 3 else ASK % b"sparse")
            if number % 3 == 0:
                faults.receive(conn, 1000 * number + 1)
    passes("resets")


def test_a_client_that_never_reads(server: Server, files: Files, passes: Passes) -> None:
    """What is kept for it is bounded; those beside it are served."""
    before = server.rss()
    with ExitStack() as stack:
        for _ in range(4):
            conn = stack.enter_context(faults.connect(server.address, RCVBUF=16 * 1024))
            conn.sendall((ASK % b"sparse") * 4)
            faults.receive(conn, 1)
        assert get(server.address, "/big").body == files["big"]
        assert server.rss() < before + 24 * (1 << 20) < before + BIG
    passes("never reading")


def test_a_slow_client_beside_fast_ones(server: Server, files: Files, passes: Passes) -> None:
    with faults.connect(server.address, RCVBUF=4096) as slow, Browser(server.address) as fast:
        slow.sendall(ASK % b"big")
        got = b""
        for _ in range(50):
            got += faults.receive(slow, 1000)
            assert fast.get("/page").body == files["page"]
        got += faults.receive(slow, len(files["big"]) - len(got))
        assert files["big"].startswith(got.partition(b"\r\n\r\n")[2])
    passes("slow client")


def _under_way(server: Server, stack: ExitStack, size: int) -> tuple[Browser, bytes]:
    """A client that has some of a reply, and a server that can't have read all of the file yet."""
    browser = stack.enter_context(Browser(server.address, RCVBUF=16 * 1024))
    browser.send("/served")
    return browser, faults.receive(browser.socket, size)


def test_a_file_truncated_while_it_is_served(server: Server, folder: Path, passes: Passes) -> None:
    """More was promised than there is: the connection is closed, and nothing else is sent in its place."""
    served = folder / "served"
    with ExitStack() as stack:
        with served.open("wb") as file:
            file.truncate(BIG)
        stack.callback(served.unlink)
        browser, got = _under_way(server, stack, 1000)
        os.truncate(served, 100_000)
        count = len(got)
        try:
            while data := browser.socket.recv(1 << 18):
                assert not data.strip(b"\0")
                count += len(data)
        except ConnectionResetError:
            pass
        assert count < BIG
    passes("file truncated")


def test_a_file_replaced_while_it_is_served(server: Server, folder: Path, passes: Passes) -> None:
    """A client gets the file that was there when it asked, the next one the other."""
    served, other = folder / "served", folder / "other"
    with ExitStack() as stack:
        with served.open("wb") as file:
            file.truncate(BIG // 4)
        other.write_bytes(b"other")
        stack.callback(served.unlink)
        browser, got = _under_way(server, stack, 1000)
        other.replace(served)
        head, _, body = got.partition(b"\r\n\r\n")
        assert b"Content-Length: %d" % (BIG // 4) in head
        rest = faults.receive(browser.socket, BIG // 4 - len(body))
        assert not rest.strip(b"\0")
        assert browser.socket.send(ASK % b"served")
        assert faults.receive(browser.socket, 12) == b"HTTP/1.1 200"
        assert get(server.address, "/served").body == b"other"
    passes("file replaced")


def test_what_sendfile_has_sent_is_still_the_files(tmp_path: Path) -> None:
    """No recipe's fault: sendfile(2) says so, and the docs do; hence files are replaced, and not written over."""
    path = tmp_path / "file"
    path.write_bytes(b"old" * 300_000)
    with socket.create_server(("127.0.0.1", 0)) as listener, faults.connect(listener.getsockname()) as client:
        with listener.accept()[0] as conn, path.open("rb") as file:
            conn.settimeout(0)
            sent = os.sendfile(conn.fileno(), file.fileno(), 0, 900_000)
            with path.open("r+b") as again:
                again.write(b"new" * 300_000)
        got = faults.receive_all(client)
    assert len(got) == sent
    assert b"new" in got


def test_out_of_descriptors(server: Server, folder: Path, files: Files, passes: Passes) -> None:
    """Who can't be accepted waits; who asks for a file that can't be opened is told so, and may ask again."""
    with ExitStack() as stack:
        served = stack.enter_context(Browser(server.address))
        assert served.get("/page").status == 200
        # who has left must not leave a descriptor behind that becomes free later; nor must a file that was kept open
        wait_until(lambda: len(server.ps.net_connections()) == 2, "the listener and one client are left")
        wait_until(lambda: not _open_files(server, folder), "no file is open any more")
        with server.lowered(0):
            late = [stack.enter_context(faults.connect(server.address)) for _ in range(SLOTS)]
            for conn in late:
                conn.sendall(ASK % b"one")
            assert served.get("/short").status == 503  # nobody has asked for it lately: it is not open
            heard = faults.heard_from(late)
            assert len(heard) <= 1  # a blocked `accept` has its descriptor already
        for conn in late:
            assert faults.receive(conn, 12) == (b"HTTP/1.1 503" if conn in heard else b"HTTP/1.1 200")
        assert served.get("/page").body == files["page"]
    passes("out of descriptors")


def _open_files(server: Server, folder: Path) -> list[str]:
    return [each.path for each in server.ps.open_files() if each.path.startswith(f"{folder}/")]


def test_a_reply_under_way_when_descriptors_run_out(server: Server, files: Files) -> None:
    """What it needs it has, or waits for: a head was sent, and what it promised must follow."""
    with faults.connect(server.address, RCVBUF=16 * 1024) as conn:
        conn.sendall(ASK % b"big")
        head, _, begun = faults.receive(conn, 1000).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        with server.lowered(0):
            rest = faults.receive(conn, len(files["big"]) - len(begun))
    assert begun + rest == files["big"]


def test_many_clients(server: Server, files: Files, passes: Passes) -> None:
    server.may_keep = MANY * 200_000
    with descriptors_for(server, MANY + 200), ExitStack() as stack:
        browsers = [stack.enter_context(Browser(server.address)) for _ in range(MANY)]
        for name, asking in (("page", browsers), ("long", browsers[:SOME])):
            for browser in asking:
                browser.send(f"/{name}")
            for browser in asking:
                assert browser.answer().body == files[name]
    passes(f"{MANY:,} clients")


@contextmanager
def descriptors_for(server: Server, most: int) -> Iterator[None]:
    """The server and this process may open so many."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    theirs = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
    if before[1] < most:
        pytest.skip(f"{MANY:,} clients need {most} descriptors a process, and it may have {before[1]}: ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], most), before[1]))
    server.limit_descriptors(max(theirs[0], most))
    try:
        yield
    finally:
        server.limit_descriptors(theirs[0])
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_descriptors_of_replies_that_were_given_up(server: Server, passes: Passes) -> None:
    before = server.descriptors()
    with ExitStack() as stack:
        for _ in range(20):
            conn = stack.enter_context(faults.connect(server.address, RCVBUF=16 * 1024))
            conn.sendall(ASK % b"sparse")
            faults.receive(conn, 100_000)
    wait_until(lambda: server.descriptors() <= before, "the files are closed")
    passes("given up")
