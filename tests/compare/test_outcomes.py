"""Whatever a variant does to its process is a row that says so, and never the end of the run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

SLEEP = f"1000.{os.getpid()}"
"""Its own length tells this run's children from another one's."""

READ = "return [open(path, 'rb').read() for path in paths]"
BAD = f"""
import os, signal, subprocess, sys, threading, time

def fine(paths):
    {READ}

def hangs(paths):
    threading.Event().wait()

def stops_itself(paths):
    os.kill(os.getpid(), signal.SIGSTOP)

def dies(paths):
    os.kill(os.getpid(), signal.SIGSEGV)

def aborts(paths):
    os.abort()

def exits(paths):
    os.write(2, b"no more\\n")
    os._exit(7)

def leaves_by_exception(paths):
    sys.exit("bye")

def raises(paths):
    raise ValueError("first\\nsecond")

def eats(paths):
    return [b"x" * (8 << 30)]

def floods(paths):
    os.write(1, b"x" * (8 << 20))
    print("y" * (1 << 20))
    {READ}

def moves(paths):
    os.chdir("/")
    {READ}

def closes(paths):
    read = [open(path, 'rb').read() for path in paths]
    os.closerange(3, 256)
    return read

def nothing(paths):
    pass

def too_few(paths):
    return [open(path, 'rb').read() for path in paths[1:]]

def short(paths):
    return [open(path, 'rb').read()[:-1] for path in paths]

def other_bytes(paths):
    return [open(path, 'rb').read()[:-1] + b"?" for path in paths]

def texts(paths):
    return ["text" for path in paths]

def leaves_children(paths):
    subprocess.Popen(["sleep", "{SLEEP}"])
    subprocess.Popen(["sleep", "{SLEEP}"], start_new_session=True)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv("/bin/sleep", ["sleep", "{SLEEP}"])
        os._exit(0)
    os.wait()
    {READ}

async def awaits(paths):
    {READ}
"""

EXPECTED: dict[str, tuple[str, str | None]] = {
    "fine": ("ok", None),
    "floods": ("ok", None),
    "moves": ("ok", None),
    "leaves_children": ("ok", None),
    "awaits": ("ok", None),
    "hangs": ("timeout", "not done after 2 s: ended"),
    "stops_itself": ("timeout", "not done after 2 s: ended"),
    "dies": ("failed", "died by SIGSEGV"),
    "aborts": ("failed", "died by SIGABRT"),
    "exits": ("failed", "ended with exit status 7 instead of answering: no more"),
    "leaves_by_exception": ("failed", "SystemExit: bye"),
    "raises": ("failed", "ValueError: first second"),
    "eats": ("failed", "MemoryError: more than the "),
    "closes": ("failed", "closed descriptors that it does not own"),
    "nothing": ("wrong", "returned NoneType: expected list[bytes]"),
    "too_few": ("wrong", "returned 3 results for 4 paths: expected list[bytes]"),
    "short": ("wrong", "result 0 has 999 bytes, the file 1000"),
    "other_bytes": ("wrong", "result 0 has the right length, and wrong bytes"),
    "texts": ("wrong", "result 0 is str: expected list[bytes]"),
}


@pytest.fixture(scope="module")
def outcomes(
    measured: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, dict[str, Any]], int]:
    folder = tmp_path_factory.mktemp("bad")
    (folder / "bad.py").write_text(BAD)
    told, status = measured(
        "file",
        *(f"bad.py:{name}" for name in EXPECTED),
        *("--state", "warm", "--files", "4", "--size", "1000", "--repeat", "1", "--timeout", "2"),
        *("--only", "blocking", "--backend", "none", "--backend", "asyncio", "--json-lanes"),
        cwd=folder,
    )
    return {run["variant"].rpartition(":")[2]: run for run in told["runs"]}, status


def test_the_run_goes_to_its_end(outcomes: tuple[dict[str, dict[str, Any]], int]) -> None:
    runs, status = outcomes
    assert set(runs) == {*EXPECTED, "blocking"}
    assert status == 1
    assert runs["blocking"]["outcome"] == "ok"


@pytest.mark.parametrize("name", EXPECTED)
def test_each_has_its_row(outcomes: tuple[dict[str, dict[str, Any]], int], name: str) -> None:
    outcome, reason = EXPECTED[name]
    run = outcomes[0][name]
    assert run["outcome"] == outcome, run["reason"]
    if reason is None:
        assert run["reason"] is None
        assert run["seconds"]["median"] > 0
    else:
        assert run["reason"].startswith(reason)
        assert run["verdict"] == run["reason"]
        assert run["seconds"] is None


def test_a_signal_shows_in_the_exit_status(outcomes: tuple[dict[str, dict[str, Any]], int]) -> None:
    assert (outcomes[0]["dies"]["exit_status"], outcomes[0]["exits"]["exit_status"]) == (-11, 7)


def test_what_is_left_behind_is_ended_and_told(outcomes: tuple[dict[str, dict[str, Any]], int]) -> None:
    assert any("behind: ended" in note for note in outcomes[0]["leaves_children"]["notes"])
    left = [each for each in psutil.process_iter(["cmdline"]) if each.info["cmdline"] == ["sleep", SLEEP]]
    assert not left


SERVERS = """
import os, signal, socket

def shouts_wrong(listener):
    while True:
        try:
            conn, _ = listener.accept()
        except OSError:
            return
        with conn:
            while data := conn.recv(65536):
                conn.sendall(data.upper().replace(b"Q", b"!"))

def hangs_up(listener):
    while True:
        try:
            listener.accept()[0].close()
        except OSError:
            return

def dies(listener):
    listener.accept()
    os.kill(os.getpid(), signal.SIGKILL)

def says_nothing(listener):
    kept = []
    while True:
        try:
            kept.append(listener.accept())
        except OSError:
            return

def does_not_end(listener):
    signal.pause()
"""


def test_servers_that_are_not_well_are_rows(measured: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "servers.py").write_text(SERVERS)
    names = ("shouts_wrong", "hangs_up", "dies")
    told, status = measured(
        "net",
        *(f"servers.py:{name}" for name in names),
        *("--only", "epoll_multiplexing", "--clients", "4", "--seconds", "0.1", "--no-observe"),
        cwd=tmp_path,
    )
    runs = {run["variant"].rpartition(":")[2]: run for run in told["runs"]}
    assert status == 1
    assert runs["epoll_multiplexing"]["outcome"] == "ok"
    assert runs["shouts_wrong"]["outcome"] == "wrong"
    assert "is 0x21, expected 0x51" in runs["shouts_wrong"]["reason"]
    assert runs["hangs_up"]["outcome"] == "wrong"
    assert (runs["dies"]["outcome"], runs["dies"]["reason"]) == ("failed", "died by SIGKILL")


def test_a_server_that_answers_nobody_is_told(measured: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "servers.py").write_text(SERVERS)
    told, _ = measured(
        *("net", "servers.py:says_nothing", "--only", "epoll_multiplexing", "--clients", "2", "--seconds", "0.1"),
        *("--load", "busy", "--no-observe"),
        cwd=tmp_path,
    )
    run = next(run for run in told["runs"] if run["recipe"] is None)
    assert run["operations"] == 0
    assert "2 of 2 clients are never answered" in run["verdict"]


def test_a_package_of_the_users_is_imported_by_its_name(
    run_compare: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """The user's own directory is importable in the child, as it is here."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("")
    (tmp_path / "shop" / "reader.py").write_text("from .inner import go\n")
    (tmp_path / "shop" / "inner.py").write_text(f"def go(paths):\n    {READ}\n")
    done = run_compare(
        *("file", "shop.reader:go", "--only", "blocking", "--state", "warm", "--repeat", "1", "--no-observe"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout
    assert "shop.reader:go" in done.stdout
