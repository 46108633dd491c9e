"""Each benchmark once, as small as it gets: that it runs to its end and compares bytes, not how fast anything is."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.serve import WRK, requests_a_second
from benchmarks.write_child import Writer
from tests.benchmarks.conftest import ROOT
from tests.recipes.tcp_echo.servers import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Bench = Callable[..., subprocess.CompletedProcess[str]]

linux = pytest.mark.skipif(sys.platform != "linux", reason="the works are made of Linux' system calls")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "the following arguments are required"),
        (("nothing",), "invalid choice: 'nothing'"),
        (("file", "--rounds", "0"), "--rounds must be 1 or more, not 0"),
        (("file", "--only", "tapes"), "--only must be part of one of small-warm"),
    ],
)
def test_what_can_not_be_asked_is_told_in_one_line(bench: Bench, arguments: tuple[str, ...], said: str) -> None:
    done = bench(*arguments)
    assert done.returncode == 2
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@linux
@pytest.mark.parametrize("arguments", [("net", "--only", "echo-64"), ("pipes", "--only", "bulk")])
def test_a_signal_ends_it_and_leaves_nothing(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """One benchmark that hears signals itself, and one whose children's host does."""
    command = [sys.executable, "-m", "benchmarks", *arguments, "--quick"]
    env = dict(os.environ) | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_until(lambda: any(tmp_path.glob("benchmarks-*")), "its temporary folder is there")
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert b"Traceback" not in said
    assert not list(tmp_path.iterdir())


@linux
@pytest.mark.parametrize(
    ("event", "call", "which"),
    [
        pytest.param("c_return", "mkdir", 1, id="its folder has just been made"),
        pytest.param("c_return", "mkdir", 2, id="another folder has just been made"),
        pytest.param("c_call", "rmdir", 1, id="its folder is about to be removed"),
    ],
)
def test_a_signal_at_any_moment_leaves_nothing(event: str, call: str, which: int, tmp_path: Path) -> None:
    """Sent by a profiler's hook, which is told of each call."""
    program = f"""
import os, signal, sys, tempfile
from benchmarks.__main__ import ended_by_signals

seen = 0
def hook(_, event, function):
    global seen
    if event == {event!r} and function is os.{call}:
        seen += 1
        if seen == {which}:
            signal.raise_signal(signal.SIGTERM)

sys.setprofile(hook)
with ended_by_signals():
    tempfile.mkdtemp()
"""
    env = dict(os.environ) | {"TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.splitlines()[-1].endswith("Stopped: SIGTERM")
    assert not list(tmp_path.iterdir())


@linux
def test_children(bench: Bench, tmp_path: Path) -> None:
    report = tmp_path / "pipes.json"
    rows = "blocking,trio_run_process,trio.run_process,asyncio_communicate"
    done = bench("pipes", "--quick", "--rounds", "1", "--only", "many", "--rows", rows, "--json", str(report))
    assert done.returncode == 0, done.stderr
    told = json.loads(report.read_text())
    kinds = {(row["name"], row["kind"]) for row in told["rows"] if row["median"]}
    assert {("blocking", "ours"), ("trio_run_process", "ours")} <= kinds
    assert {("trio.run_process", "peer"), ("asyncio_communicate on uvloop", "peer")} <= kinds


@linux
def test_files(bench: Bench, tmp_path: Path) -> None:
    report = tmp_path / "file.json"
    done = bench(
        "file",
        "--quick",
        "--rounds",
        "1",
        "--only",
        "fifos-64",
        "--rows",
        "aiofiles,trio_fd,asyncio_pipe",
        "--json",
        str(report),
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(report.read_text())
    assert told["benchmark"] == "file"
    by_name = {row["name"]: row for row in told["rows"]}
    # 64 delays of 50 ms one after another would be 3.2 s: whoever waits for all at once takes less than half of that.
    assert 50.0 <= by_name["trio_fd_stream"]["median"] < 1600.0
    assert by_name["aiofiles"]["kind"] == "peer"
    assert by_name["the delay itself"]["median"] == 50.0
    assert "* asyncio_pipe_transport" in done.stdout
    assert "asyncio_pipe_transport: goal ≤ 60.0 ms" in done.stdout


@linux
def test_files_under_pings(bench: Bench) -> None:
    done = bench("file", "--quick", "--rounds", "1", "--only", "random-cold", "--rows", "readahead", "--json", "-")
    assert done.returncode == 0, done.stderr
    rows = [row for row in json.loads(done.stdout)["rows"] if row["median"] is not None]
    if not rows:
        pytest.skip("temporary files can't be evicted here")
    assert {row["unit"] for row in rows} == {"µs a read", "ms stall"}
    assert {"asyncio_readahead", "trio_readahead"} <= {row["name"] for row in rows}


@linux
def test_writers(bench: Bench, tmp_path: Path) -> None:
    report = tmp_path / "write.json"
    rows = "aiofiles,asyncio_batched,writer_thread,trio_batched,blocking"
    done = bench("write", "--quick", "--rounds", "1", "--only", "large", "--rows", rows, "--json", str(report))
    assert done.returncode == 0, done.stderr
    by_name = {row["name"]: row for row in json.loads(report.read_text())["rows"] if row["unit"] == "ms a stream"}
    assert by_name["os.write in a loop"]["kind"] == "limit"
    assert by_name["aiofiles"]["peer_ratio"] == 1.0
    for name in ("asyncio_batched", "asyncio_writer_thread", "trio_batched"):
        assert by_name[name]["limit_ratio"] > 0
        assert by_name[name]["goal"].startswith("goal ≥ 0.80 of os.write in a loop")
    assert "asyncio_writer_thread: goal ≤ 5.00 ms stall" in done.stdout
    assert "a loop beside a thread that writes" in done.stdout
    assert json.loads(report.read_text())["others"] >= 0


def test_what_a_writer_left_wrong_is_noticed(tmp_path: Path) -> None:
    job = {"module": "benchmarks.peers.plain", "function": "write_file", "backend": None, "style": "write", "buffer": 0}
    writer = Writer(job)
    path = tmp_path / "stream"
    work = {"paths": [str(path)], "chunks": 4, "chunk": 1000, "more": {}}
    writer.before(work)
    answer = writer.call_plainly(work)
    assert writer.wrong(work, answer) is None
    assert writer.wrong(work, [3999]) == "returned 3999 for 4000 bytes"
    (tmp_path / "more").touch()
    assert writer.wrong(work, answer) == "left more beside the files"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert writer.wrong(work, answer) == "what is in stream is not what was written"
    writer.before(work)
    assert not path.exists()


@linux
def test_servers_of_files(bench: Bench) -> None:
    rows = "nginx,cached_first,trio_sendfile"
    done = bench("serve", "--quick", "--rounds", "1", "--only", "small,cold", "--rows", rows, "--json", "-")
    if shutil.which("cc") is None:
        assert done.returncode == 2
        assert "there is no C compiler" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    told = {(row["name"], row["unit"]): row for row in json.loads(done.stdout)["rows"]}
    assert told["asyncio_cached_first on uvloop", "µs of CPU a request"]["limit_ratio"] > 0
    assert told["trio_sendfile", "ms"]["median"] > 0
    assert told["trio_sendfile", "ms stall"]["median"] > 0
    peer = told["nginx, one worker", "µs of CPU a request"]
    if shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin"):
        assert peer["median"] > 0
    else:
        assert peer["note"].startswith("not installed")


def test_wrk_is_believed_where_all_was_answered() -> None:
    said = "Running 1s test\n  100 requests in 1.00s\nRequests/sec:   1234.50\nTransfer/sec:   20MB\n"
    assert requests_a_second(said) == {WRK: 1234.5}
    assert requests_a_second(said + "  Non-2xx or 3xx responses: 3\n") == {}
    assert requests_a_second("") == {}


@linux
def test_servers(bench: Bench) -> None:
    done = bench("net", "--quick", "--rounds", "1", "--only", "echo-1", "--json", "-")
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)["rows"]}
    if shutil.which("cc"):
        assert rows["epoll in C"]["median"] > 0
        assert rows["thread_per_connection"]["limit_ratio"] > 0
    else:
        assert "no C compiler" in rows["epoll in C"]["note"]
    assert rows["epoll_multiplexing"]["median"] > 0


@linux
def test_servers_without_a_compiler(bench: Bench, tmp_path: Path) -> None:
    done = bench("net", "--quick", "--rounds", "1", "--only", "echo-1", path=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "load in Python" in done.stdout
    assert "there is no C compiler: apt-get install gcc libc6-dev" in done.stdout
    assert "nothing to compare with (unknown)" in done.stdout


@linux
def test_observer(bench: Bench) -> None:
    done = bench("observer", "--quick", "--rounds", "1", "--only", "threads", "--json", "-")
    assert done.returncode == 0, done.stderr
    [looks, cost] = json.loads(done.stdout)["rows"]
    assert looks["unit"] == "looks a second"
    assert looks["median"] > 0
    assert cost["median"] > 0


@linux
def test_what_a_program_keeps_of_its_work(bench: Bench) -> None:
    done = bench("observer", "--quick", "--rounds", "1", "--only", "tasks,processes,sync", "--json", "-")
    assert done.returncode == 0, done.stderr
    kept = [row for row in json.loads(done.stdout)["rows"] if row["name"] == "compare.observe"]
    assert len(kept) == 6, kept
    for row in kept:
        assert row["median"] is not None or "no C compiler" in row["note"] or "not installed" in row["note"], row
        assert row["limit_ratio"] is None or row["limit_ratio"] > 0


@linux
def test_accuracy(bench: Bench) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    done = bench("accuracy", "--rounds", "1", "--only", "waits_for_file_lock", "--json", "-")
    assert done.returncode == 0, done.stderr
    row, *others = json.loads(done.stdout)["rows"]
    assert not others, others
    if row["median"] is None:
        pytest.skip(row["note"])
    assert row["name"] == "waits_for_file_lock: MainThread in flock"
    assert row["median"] < 150  # of 200 ms: neither side has missed it


def test_accuracy_without_strace(bench: Bench, tmp_path: Path) -> None:
    done = bench("accuracy", path=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.strip().endswith("apt-get install strace")
