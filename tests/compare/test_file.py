"""`compare file`, end to end, on a few recipes: each state is what it says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def slow(measured: Callable[..., Any]) -> dict[str, dict[str, Any]]:
    """FIFOs that are slow enough for a busy machine, and no slower."""
    told, status = measured(
        *("file", "--state", "slow", "--files", "32", "--delay", "20", "--size", "4096", "--repeat", "1"),
        *(
            "--only",
            "blocking",
            "asyncio_aiofiles",
            "asyncio_pipe_transport",
            "trio_fd_stream",
            "asyncio_blocking_mistake",
        ),
        *("--backend", "none", "--backend", "asyncio", "--backend", "trio"),
    )
    assert status == 0
    return {run["variant"]: run for run in told["runs"]}


def test_one_at_a_time_takes_all_the_delays(slow: dict[str, dict[str, Any]]) -> None:
    for name in ("blocking", "asyncio_blocking_mistake"):
        assert slow[name]["seconds"]["min"] >= 32 * 0.020


def test_polled_pipes_take_one_delay(slow: dict[str, dict[str, Any]]) -> None:
    for name in ("asyncio_pipe_transport", "trio_fd_stream"):
        assert 0.020 <= slow[name]["seconds"]["min"] < 32 * 0.020 / 4


def test_a_pool_takes_its_waves(slow: dict[str, dict[str, Any]]) -> None:
    workers = min(32, (os.cpu_count() or 1) + 4)  # the default executor's
    waves = -(-32 // workers)
    assert slow["asyncio_aiofiles"]["seconds"]["min"] >= waves * 0.020


def test_the_verdict_names_who_waits_where(slow: dict[str, dict[str, Any]]) -> None:
    assert "the loop waits in read" in slow["asyncio_blocking_mistake"]["verdict"]
    assert "asyncio_blocking_mistake.py:" in slow["asyncio_blocking_mistake"]["verdict"]
    assert "workers wait in read" in slow["asyncio_aiofiles"]["verdict"]
    assert "are queued for the pool" in slow["asyncio_aiofiles"]["verdict"]
    assert "the loop waits" not in slow["trio_fd_stream"]["verdict"]


def test_the_loop_is_held_by_the_mistake_alone(slow: dict[str, dict[str, Any]]) -> None:
    assert slow["asyncio_blocking_mistake"]["loop"]["total_ms"] > 32 * 20 / 2
    assert slow["asyncio_pipe_transport"]["loop"]["longest_ms"] < 32 * 20 / 2
    assert slow["blocking"]["loop"] is None
    for run in slow.values():  # in no row for longer than it lasts
        assert run["loop"] is None or run["loop"]["longest_ms"] <= run["seconds"]["median"] * 1000


def test_all_states_with_their_workload(measured: Callable[..., Any]) -> None:
    told, status = measured("file", "--only", "blocking", "asyncio_mmap_mistake", "--quick", "--backend", "none")
    assert status == 0
    assert [run["workload"]["state"] for run in told["runs"]] == ["warm", "cold", "slow"]
    for run in told["runs"]:
        assert run["outcome"] == "ok" or "cold can't be had" in run["reason"]
        assert run["workload"]["malloc"] == "pinned"
    assert told["runs"][2]["workload"]["delay_ms"] == 20


def test_a_state_that_a_recipe_can_not_serve_is_skipped(measured: Callable[..., Any]) -> None:
    told, status = measured("file", "--only", "asyncio_mmap_mistake", "--state", "slow", "--no-observe")
    assert status == 0
    assert {(run["outcome"], run["reason"]) for run in told["runs"]} == {("skipped", "a FIFO can't be mapped")}


def test_files_of_the_users(
    measured: Callable[..., Any], run_compare: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(os.urandom(100_000))
    (tmp_path / "b").write_bytes(b"")
    files = (str(tmp_path / "a"), str(tmp_path / "b"))
    told, status = measured(
        *("file", "--only", "blocking", "trio_open_file", "--state", "warm", "--no-observe", "--path", *files)
    )
    assert status == 0
    assert told["runs"][0]["workload"]["paths"] == list(files)
    assert {run["operations"] for run in told["runs"]} == {2}
    done = run_compare("file", "--only", "blocking", "--state", "slow", "--no-observe", "--path", *files)
    assert "slow can't be had with --path" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_versions_and_figures(measured: Callable[..., Any]) -> None:
    told, _ = measured("file", "--only", "asyncio_aiofiles", "--state", "warm", "--repeat", "3", "--files", "5")
    assert len(told["runs"]) >= 1
    for run in told["runs"]:
        assert run["outcome"] == "ok"
        assert "aiofiles" in run["libraries"]
        assert len(run["seconds"]["all"]) == 3
        assert run["seconds"]["min"] <= run["seconds"]["median"] <= run["seconds"]["max"]
        assert run["per_second"] == pytest.approx(5 / run["seconds"]["median"])
        assert run["rss_mib"] > 1
        assert run["threads"] >= 2
