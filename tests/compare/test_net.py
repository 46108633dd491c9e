"""`compare net`, end to end, on a few recipes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RECIPES = ("epoll_multiplexing", "threadpool_blocking", "asyncio_streams", "trio_sockets")


def by_name(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {run["variant"]: run for run in told["runs"] if run["backend"] != "asyncio+uvloop"}


@pytest.fixture(scope="module")
def busy(measured: Callable[..., Any]) -> dict[str, dict[str, Any]]:
    told, status = measured("net", "--load", "busy", "--only", *RECIPES, "--clients", "8", "--seconds", "0.2")
    assert status == 0
    return by_name(told)


@pytest.mark.parametrize("name", RECIPES)
def test_busy(busy: dict[str, dict[str, Any]], name: str) -> None:
    run = busy[name]
    assert run["outcome"] == ("starves" if name == "threadpool_blocking" else "ok"), run["reason"]
    assert run["operations"] > 100
    assert run["per_second"] == pytest.approx(run["operations"] / run["seconds"]["median"])
    assert 0 < run["latency_ms"]["p50"] <= run["latency_ms"]["p99"] <= run["latency_ms"]["max"]
    cpu = run["cpu_seconds"]["user"] + run["cpu_seconds"]["system"]
    assert 0 < cpu <= run["seconds"]["median"] * 1.1 * run["threads"]
    assert run["threads"] >= 1
    assert run["verdict"]


def test_a_pool_of_three_serves_three(busy: dict[str, dict[str, Any]]) -> None:
    assert busy["threadpool_blocking"]["verdict"].startswith("starves: 5 of 8 clients are never answered")
    assert busy["threadpool_blocking"]["threads"] == 4
    assert "never answered" not in busy["asyncio_streams"]["verdict"]


def test_both_loads_by_default(measured: Callable[..., Any]) -> None:
    told, status = measured("net", "--only", "select_multiplexing", "--clients", "4", "--quick", "--no-observe")
    assert status == 0
    assert [run["workload"]["load"] for run in told["runs"]] == ["busy", "hold"]


SERVERS = """
import contextlib
def one(listener):
    while True:
        try:
            client = listener.accept()[0]
        except OSError:
            return
        with client, contextlib.suppress(ConnectionError):
            while data := client.recv(65536):
                client.sendall(data.upper())
"""


@pytest.mark.parametrize("load", ["busy", "hold"])
@pytest.mark.parametrize(("says", "right"), [("", ("failed", 1)), ('STARVES = "one at a time"', ("starves", 0))])
def test_a_server_may_leave_clients_unanswered_if_its_model_does(
    measured: Callable[..., Any], tmp_path: Path, load: str, says: str, right: tuple[str, int]
) -> None:
    (tmp_path / "own.py").write_text(says + SERVERS)
    told, ended = measured(
        *("net", f"{tmp_path}/own.py:one", "--only", "select_multiplexing", "--load", load),
        *("--clients", "3", "--seconds", "0.1", "--no-observe"),
    )
    fine, own = told["runs"]
    assert (fine["outcome"], own["outcome"], ended) == ("ok", *right), own["reason"]
    assert own["reason"].startswith("starves: " if not says else "one at a time")


LEAVES = """
import subprocess

def while_it_serves(listener):
    subprocess.Popen(["sleep", "6060842"])
    one(listener)

def at_its_end(listener):
    import atexit

    atexit.register(subprocess.Popen, ["sleep", "6060842"])
    one(listener)
"""


def test_what_a_server_leaves_behind_is_ended_and_told_of_that_server(
    measured: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "own.py").write_text(SERVERS + LEAVES)
    own = [f"{tmp_path}/own.py:{name}" for name in ("while_it_serves", "at_its_end")]
    told, ended = measured(
        *("net", *own, "--only", "select_multiplexing", "--load", "busy"),
        *("--clients", "1", "--seconds", "0.1", "--no-observe"),
    )
    assert ended == 0
    behind = {run["variant"]: [note for note in run["notes"] if "behind: ended" in note] for run in told["runs"]}
    assert {name.rpartition(":")[2]: len(notes) for name, notes in behind.items()} == {
        "select_multiplexing": 0,
        "while_it_serves": 1,
        "at_its_end": 1,
    }
    assert not [each for each in psutil.process_iter(["cmdline"]) if each.info["cmdline"] == ["sleep", "6060842"]]


def test_hold(measured: Callable[..., Any]) -> None:
    told, status = measured("net", "--load", "hold", "--only", *RECIPES, "--clients", "8", "--seconds", "0.4")
    assert status == 0
    runs = by_name(told)
    for name in ("epoll_multiplexing", "asyncio_streams", "trio_sockets"):
        assert runs[name]["verdict"].startswith("answered in ")
        assert runs[name]["per_second"] is None
    starved = runs["threadpool_blocking"]
    assert starved["outcome"] == "starves"
    assert starved["verdict"].startswith("starves: not answered in ")
    assert "3 workers wait in recvfrom" in starved["verdict"]
    assert starved["latency_ms"]["max"] >= 400


def test_who_burns_a_processor_is_seen_in_a_quick_run_too(measured: Callable[..., Any]) -> None:
    for _ in range(5):  # on a busy machine the server, or who looks at it, may get too little of a processor
        told, _ = measured("net", "--quick", "--load", "hold", "--only", "nonblocking_busy_poll", "poll_multiplexing")
        burns, polls = told["runs"]
        if kinds := [each["kind"] for each in burns["findings"]]:
            break
    assert "busy-polling" in kinds
    assert burns["seconds"]["median"] > 2 * polls["seconds"]["median"]


def test_messages_larger_than_a_socket_holds(measured: Callable[..., Any]) -> None:
    told, status = measured(
        *("net", "--only", "epoll_multiplexing", "blocking_one_at_a_time", "--clients", "2", "--message", "3MiB"),
        *("--seconds", "0.3", "--no-observe", "--malloc", "default", "--no-pin"),
    )
    assert status == 0
    assert {run["workload"]["malloc"] for run in told["runs"]} == {"default"}
    assert {run["workload"]["cpus"] for run in told["runs"]} == {None}
    assert all(run["operations"] > 0 for run in told["runs"])
