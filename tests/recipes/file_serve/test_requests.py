"""What every server of files does for a client, on every backend: what HTTP says, and never more of the disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.recipes.file_serve.client import Browser, get, raw
from tests.recipes.file_serve.conftest import SIZES
from tests.recipes.tcp_echo import faults

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.recipes.tcp_echo.servers import Server

    Files = dict[str, bytes]

A_FEW = settings(
    max_examples=25,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

MALFORMED = [
    (b"GET /page\r\n\r\n", 400),
    (b"GET /page HTTP/1.1\r\n\r\n", 400),
    (b"GET /page HTTP/9.9\r\nHost: a\r\n\r\n", 505),
    (b"GET page HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405),
    (b"GET /page HTTP/1.1\r\nHost: a\r\nbad field\r\n\r\n", 400),
    (b"GET /page HTTP/1.1\nHost: a\n\nGET /page HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /page HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 400),
    (b"GET /page HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"GET /page HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    (b"GET /page HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
    (b"POST /page HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 405),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    (b"GET /page HTTP/1.1\r\nHost: a\r\nLong: " + bytes(20_000).replace(b"\0", b"a") + b"\r\n\r\n", 431),
    (b"G" * 20_000, 431),
]


def test_every_byte_of_every_size_over_one_connection(server: Server, files: Files) -> None:
    with Browser(server.address) as browser:
        for name in (*SIZES, "..data", "sub/page.html", "page"):
            answer = browser.get(f"/{name}")
            assert (answer.status, answer.keep) == (200, True)
            assert answer.body == files[name], name
            assert answer.fields["content-length"] == str(len(files[name]))
            assert answer.fields["accept-ranges"] == "bytes"
            assert answer.fields["date"].endswith(" GMT")


def test_names_and_types(server: Server, files: Files) -> None:
    with Browser(server.address) as browser:
        assert browser.get("/sub/deep/a%20b%25%C3%A9?query=/..").body == files["sub/deep/a b%é"]
        assert browser.get("http://example.org/sub/page.html").fields["content-type"] == "text/html"
        assert browser.get("/archive.tar.gz").fields["content-type"] == "application/octet-stream"


def test_head_is_the_head_of_the_same_reply(server: Server) -> None:
    with Browser(server.address) as browser:
        for target in ("/big", "/empty", "/missing"):
            whole, head = browser.get(target), browser.get(target, "HEAD", Range="bytes=0-1")
            same = ("content-length", "content-type")
            assert (head.status, head.body) == (whole.status, b"")
            assert [head.fields[name] for name in same] == [whole.fields[name] for name in same]


@A_FEW
@given(st.sampled_from(sorted(SIZES)), st.integers(0, 3 << 20), st.none() | st.integers(1, 3 << 20))
def test_any_range_is_the_slice(server: Server, files: Files, name: str, first: int, length: int | None) -> None:
    content = files[name]
    last = "" if length is None else str(first + length - 1)
    answer = get(server.address, f"/{name}", Range=f"bytes={first}-{last}")
    part = content[first:] if length is None else content[first : first + length]
    if not part:
        assert (answer.status, answer.fields["content-range"]) == (416, f"bytes */{len(content)}")
        return
    assert answer.status == 206
    assert answer.fields["content-range"] == f"bytes {first}-{first + len(part) - 1}/{len(content)}"
    assert answer.body == part


@A_FEW
@given(st.sampled_from(sorted(SIZES)), st.integers(0, 4 << 20))
def test_the_last_bytes(server: Server, files: Files, name: str, length: int) -> None:
    content = files[name]
    answer = get(server.address, f"/{name}", Range=f"bytes=-{length}")
    if not content or not length:
        assert answer.status == 416
    else:
        assert (answer.status, answer.body) == (206, content[-length:])


def test_ranges_that_are_none_get_the_whole_file(server: Server, files: Files, passes: Callable[..., None]) -> None:
    with Browser(server.address) as browser:
        for field in ("bytes=5-2", "bytes=0-1,5-6", "lines=0-1", "bytes=a-b", "bytes=-", "bytes=0-1-2"):
            answer = browser.get("/page", Range=field)
            assert (answer.status, answer.body) == (200, files["page"]), field
        assert browser.get("/page", Range="bytes=0-1", If_Range='"tag"').body == files["page"]
        browser.send("/page", fields=[("Range", "bytes=0-1"), ("Range", "bytes=5-6")])  # one list, in two fields
        assert browser.answer().body == files["page"]
        assert browser.get("/page", Range="BYTES=0-1").body == files["page"][:2]
    passes("odd ranges")


def test_what_is_not_a_file_of_the_folder_is_not_there(
    server: Server, folder: Path, passes: Callable[..., None]
) -> None:
    there = (
        "/",
        "/missing",
        "/sub",
        "/sub/",
        "/page/",
        "/page/more",
        "/link",
        "/way-out/secret",
        "/inside",
        "/../secret",
        "/sub/../../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/sub/%2e%2e/page",
        "/./page",
        "//page",
        f"/{folder.parent}/secret",
        "/page%00",
        "/%00",
        "/sub%2Fpage.html",
        f"/{'a' * 300}",
        f"/{'a/' * 3000}",
        "/%ff%fe",
        "/..\\secret",
    )
    with Browser(server.address) as browser:
        for target in there:
            answer = browser.get(target)
            assert (answer.status, answer.keep) == (404, True), target
            assert b"secret" not in answer.body
    passes("ways out of the folder")


def test_a_fifo_is_not_opened(server: Server, folder: Path) -> None:
    opened = threading.Event()

    def write() -> None:
        with (folder / "fifo").open("wb"):
            opened.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert get(server.address, "/fifo").status == 404
        assert not opened.is_set()
    finally:
        descriptor = os.open(folder / "fifo", os.O_RDONLY | os.O_NONBLOCK)
        writer.join()
        os.close(descriptor)


def test_other_methods(server: Server) -> None:
    with Browser(server.address) as browser:
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW"):
            answer = browser.get("/page", method)
            assert (answer.status, answer.keep) == (405, True)
            assert answer.fields["allow"] == "GET, HEAD"


def test_a_head_that_is_none_is_refused_and_the_connection_closed(server: Server) -> None:
    """The rest of what was sent is not taken for a request, and does not reset the reply on its way."""
    for head, status in MALFORMED:
        answer = raw(server.address, head + b"rest" * 1000)
        assert answer.startswith(b"HTTP/1.1 %d " % status), head
        assert answer.count(b"HTTP/1.1") == 1
        assert b"\r\nConnection: close\r\n" in answer


def test_a_client_of_1996(server: Server, files: Files) -> None:
    answer = raw(server.address, b"GET /page HTTP/1.0\r\n\r\n")
    assert answer.endswith(b"\r\n\r\n" + files["page"])


def test_what_a_client_may_offer_and_gets_without(server: Server, files: Files) -> None:
    """It is answered as if it had not asked: no second status, no other protocol, no connection kept in HTTP/1.0."""
    with Browser(server.address) as browser:
        for field in ({"Expect": "100-continue"}, {"Upgrade": "h2c", "Connection": "upgrade"}, {"Content_Length": "0"}):
            answer = browser.get("/one", **field)
            assert (answer.status, answer.body, answer.keep) == (200, files["one"], True), field
    said = raw(server.address, b"GET /one HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert b"\r\nConnection: close\r\n" in said
    assert said.endswith(b"\r\n\r\n" + files["one"])


def test_close_is_asked_for(server: Server, files: Files) -> None:
    answer = raw(server.address, b"\r\nGET /big HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n\r\n")
    assert answer.endswith(b"\r\n\r\n" + files["big"])


def test_pipelined_requests_are_answered_in_order(server: Server, files: Files) -> None:
    names = [("page", "one", "long", "missing", "empty")[number % 5] for number in range(100)]
    asked = b"".join(b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % name.encode() for name in names)
    answers = raw(server.address, asked, end=True)
    for name in names:
        head, _, answers = answers.partition(b"\r\n\r\n")
        size = int(head.partition(b"Content-Length: ")[2].split(b"\r\n")[0])
        if name != "missing":
            assert answers[:size] == files[name]
        answers = answers[size:]
    assert answers == b""


def test_a_head_byte_by_byte(server: Server, files: Files) -> None:
    with faults.connect(server.address) as conn:
        for byte in b"GET /one HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n":
            conn.sendall(bytes([byte]))
        assert faults.receive_all(conn).endswith(b"\r\n\r\n" + files["one"])


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_curl(server: Server, files: Files) -> None:
    """A client of somebody else's; `-C` resumes as a download manager does."""
    base = f"http://127.0.0.1:{server.address[1]}"
    command = ["curl", "-sS", "--fail", "--max-time", "20", "-C", "1000"]
    done = subprocess.run([*command, f"{base}/big", f"{base}/long"], capture_output=True, check=True)
    assert done.stdout == files["big"][1000:] + files["long"][1000:]


CURL = {
    "--path-as-is {}/../secret": (404, None),
    "--path-as-is {}/sub/../../secret": (404, None),
    "--path-as-is {}/%2e%2e/secret": (404, None),
    "{}/way-out/secret": (404, None),
    "{}/sub": (404, None),
    "{}/empty": (200, slice(0)),
    "-r 0-9 {}/page": (206, slice(10)),
    "-r 4090- {}/page": (206, slice(4090, None)),
    "-r -5 {}/page": (206, slice(-5, None)),
    "-r 0-1,4-5 {}/page": (200, slice(None)),
    "-r 5000- {}/page": (416, None),
    "-I {}/page": (200, None),
    "--http1.0 {}/page": (200, slice(None)),
    "--http2 {}/page": (200, slice(None)),
    "-T big {}/page": (405, None),
    "-d x=1 {}/page": (405, None),
    "-x {} {}/page": (200, slice(None)),
}
"""What is asked of curl, the status, and which part of the file comes; `-x` makes the server a proxy: absolute form."""


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_what_curl_asks_for(server: Server, files: Files, folder: Path) -> None:
    base = f"http://127.0.0.1:{server.address[1]}"
    for words, (status, part) in CURL.items():
        command = ["curl", "-sS", "--max-time", "20", "-w", "%{stderr}%{http_code}", *words.replace("{}", base).split()]
        done = subprocess.run(command, cwd=folder, capture_output=True, check=True)
        assert done.stderr == b"%d" % status, words
        if part:
            assert done.stdout == files[words.rpartition("/")[2]][part], words
