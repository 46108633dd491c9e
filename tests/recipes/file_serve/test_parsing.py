"""What a head comes to, and what a folder opens: whatever bytes come, nothing outside of it is named."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recipes.file_serve import _http
from recipes.file_serve._http import Folder, RefusedError, Requests, parse, path_of, reply_to

PARTS = st.sampled_from(
    ["..", ".", "", "sub", "secret", "link", "way-out", "page", "%2e%2e", "%2E.", "%2f", "%00", "%c0%ae"]
)


@settings(database=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PARTS | st.text(max_size=5), max_size=8), st.sampled_from(["/", "%2f", "\\"]))
def test_no_target_leads_out_of_the_folder(folder: Path, parts: list[str], between: str) -> None:
    target = "/" + between.join(parts)
    path = path_of(target.encode("utf-8", "surrogatepass"))
    assert path is not None
    if not path:
        return
    with Folder(folder) as opened, suppress(RefusedError):
        descriptor = opened.open(path)
        found = Path(f"/proc/self/fd/{descriptor}").readlink()
        os.close(descriptor)
        assert found.is_relative_to(folder)


@settings(database=None, derandomize=True, max_examples=50)
@given(st.binary(max_size=200) | st.from_regex(rb"(GET|HEAD) /[!-~]* HTTP/1\.[01]\r\nHost: a\r\n([a-z]+: [ -~]*\r\n)*"))
def test_no_bytes_raise(data: bytes) -> None:
    requests = Requests()
    requests.receive(data + b"\r\n\r\n")
    while (request := requests.next()) is not None:
        assert request.refused in (0, 400, 404, 405, 431, 505)
        assert request.refused or request.path


def test_a_head_in_drops_gets_no_more_time_and_a_reply_that_is_taken_does(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("recipes.file_serve._http.time.monotonic", lambda: now)
    requests = Requests()
    now = 1.0
    requests.receive(b"GET /")
    assert requests.until == 1.0 + _http.HEAD_S
    now = 2.0
    requests.receive(b"a HTTP/1.1\r\nHost: a\r\n")
    assert requests.until == 1.0 + _http.HEAD_S
    requests.receive(b"\r\n")
    assert requests.next() is not None
    assert requests.until == 2.0 + _http.STALL_S
    now = 3.0
    requests.progressed()
    assert requests.until == 3.0 + _http.STALL_S
    assert requests.next() is None
    assert requests.until == 3.0 + _http.IDLE_S


@pytest.mark.parametrize(
    ("field", "size", "part"),
    [
        ("bytes=0-0", 10, (0, 1)),
        ("bytes = 3-", 10, (3, 10)),
        ("bytes=-3", 10, (7, 10)),
        ("bytes=-30", 10, (0, 10)),
        ("bytes=9-100", 10, (9, 10)),
        ("bytes=10-", 10, None),
        (f"bytes=0-{2**64 - 1}", 10, (0, 10)),
        (f"bytes={2**64}-", 10, None),
        ("bytes=-0", 10, None),
        ("bytes=0-0", 0, None),
    ],
)
def test_ranges(field: str, size: int, part: tuple[int, int] | None) -> None:
    request = parse(f"GET /a HTTP/1.1\r\nHost: a\r\nRange: {field}\r\n\r\n".encode())
    if part is None:
        with pytest.raises(RefusedError):
            reply_to(request, size)
    else:
        reply = reply_to(request, size)
        assert (reply.start, reply.stop) == part


def test_what_is_kept_is_the_file_that_the_name_stands_for(tmp_path: Path) -> None:
    """Replaced, changed, made unreadable by a link, removed: each is seen at the next request."""
    file = tmp_path / "file"
    file.write_bytes(b"old")
    before = _descriptors()
    with Folder(tmp_path) as folder:
        first, size = folder.kept("file")
        assert folder.kept("file") == (first, size) == (first, 3)
        (tmp_path / "other").write_bytes(b"newer")
        (tmp_path / "other").replace(file)
        second, size = folder.kept("file")
        assert (os.pread(second, 10, 0), size) == (b"newer", 5)
        assert os.pread(first, 10, 0) == b"old"  # not yet closed: its number is nobody else's
        os.truncate(file, 2)
        assert folder.kept("file")[1] == 2
        (tmp_path / "link").symlink_to(file)
        for name in ("link", "missing", ""):
            with pytest.raises(RefusedError):
                folder.kept(name)
        file.unlink()
        with pytest.raises(RefusedError):
            folder.kept("file")
    assert _descriptors() == before


def test_what_is_kept_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "MOST_KEPT", 4)
    with Folder(tmp_path) as folder:
        before = _descriptors()
        for number in range(30):
            (tmp_path / str(number)).write_bytes(b"%d" % number)
            assert os.pread(folder.kept(str(number))[0], 10, 0) == b"%d" % number
            assert _descriptors() <= before + 4


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
