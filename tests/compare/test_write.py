"""`compare write`, end to end, on a few recipes: each state is what it says, and a wrong byte is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STREAMS, DELAY_MS = 16, 30


@pytest.fixture(scope="module")
def slow(measured: Callable[..., Any]) -> dict[str, dict[str, Any]]:
    """Pipes that hold a quarter of what comes, drained late enough for a busy machine."""
    told, status = measured(
        *("write", "--state", "slow", "--streams", str(STREAMS), "--delay", str(DELAY_MS), "--size", "256KiB"),
        *("--only", "blocking", "asyncio_aiofiles", "asyncio_blocking_mistake", "trio_batched"),
        *("--backend", "none", "--backend", "asyncio", "--backend", "trio"),
    )
    assert status == 0
    return {run["variant"]: run for run in told["runs"]}


def test_one_after_the_other_takes_all_the_delays(slow: dict[str, dict[str, Any]]) -> None:
    assert slow["blocking"]["seconds"]["min"] >= STREAMS * DELAY_MS / 1000
    assert slow["blocking"]["loop"] is None


def test_all_at_once_take_one_delay(slow: dict[str, dict[str, Any]]) -> None:
    assert DELAY_MS / 1000 <= slow["trio_batched"]["seconds"]["min"] < STREAMS * DELAY_MS / 1000


def test_the_verdict_names_who_waits_where(slow: dict[str, dict[str, Any]]) -> None:
    assert "the loop waits in write" in slow["asyncio_blocking_mistake"]["verdict"]
    assert "asyncio_blocking_mistake.py:" in slow["asyncio_blocking_mistake"]["verdict"]
    told = slow["asyncio_aiofiles"]["verdict"]  # which of the two is longer is up to the machine
    assert "workers wait in write" in told or "calls are queued for the pool" in told


def test_what_is_buffered_is_told(slow: dict[str, dict[str, Any]]) -> None:
    """A batch is larger than a stream, so all of one is held; a hop for each chunk holds one of each, and the next."""
    chunk = 64 / 1024
    assert 4 * chunk <= slow["trio_batched"]["buffered_mib"] <= STREAMS * 4 * chunk
    assert 0 < slow["asyncio_aiofiles"]["buffered_mib"] <= STREAMS * 2 * chunk
    assert 0 < slow["blocking"]["buffered_mib"] <= 2 * 64 / 1024


def test_all_states_with_their_workload(measured: Callable[..., Any]) -> None:
    told, status = measured("write", "--only", "blocking", "trio_batched", "--quick")
    assert status == 0
    assert [run["workload"]["state"] for run in told["runs"]] == [
        "cached",
        "cached",
        "durable",
        "durable",
        "slow",
        "slow",
    ]
    for run in told["runs"]:
        assert run["outcome"] == "ok" or "durable can't be had" in run["reason"]
        assert run["workload"]["streams"] == 8
    assert told["runs"][4]["workload"]["delay_ms"] == 20
    assert {group["key"] for group in told["groups"]} <= {"held", "moved", "nobody", "no-loop"}
    assert "Fastest" in told["answer"][-1]


@pytest.mark.parametrize(
    ("body", "outcome", "reason"),
    [
        ("open(path, 'wb').write(b''.join(chunks)); return 5", "wrong", "returned 5, expected the number of its bytes"),
        ("return sum(map(len, chunks))", "wrong", "0 bytes are there, and 65536 were sent"),
        ("return open(path, 'wb').write(bytes(len(b''.join(chunks))))", "wrong", "the right length, and wrong bytes"),
        ("open(path + '~', 'w'); return open(path, 'wb').write(b''.join(chunks))", "wrong", "left 00000~ beside"),
        ("raise OSError(28, 'No space left on device')", "failed", "No space left"),
        ("return open(path, 'wb').write(b''.join(chunks))", "ok", None),
    ],
)
def test_a_function_of_the_users(
    measured: Callable[..., Any], tmp_path: Path, body: str, outcome: str, reason: str | None
) -> None:
    path = tmp_path / "own.py"
    path.write_text(f"def write(path, chunks, durable):\n    {body}\n")
    told, _ = measured(
        *("write", f"{path}:write", "--only", "blocking", "--state", "cached", "--streams", "2", "--size", "64KiB"),
        "--no-observe",
    )
    own = told["runs"][-1] if told["runs"][-1]["recipe"] is None else told["runs"][0]
    assert own["outcome"] == outcome, own
    assert reason is None or reason in own["reason"]
