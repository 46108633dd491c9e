"""`compare serve`, end to end, on a few recipes and on servers that do it wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RECIPES = ("thread_per_connection", "asyncio_cached_first", "asyncio_sendfile", "trio_open_file")
BACKENDS = [word for name in ("asyncio", "trio", "none") for word in ("--backend", name)]


@pytest.fixture(scope="module")
def runs(measured: Callable[..., Any]) -> list[dict[str, Any]]:
    told, status = measured("serve", "--quick", "--only", *RECIPES, *BACKENDS)
    assert status == 0
    runs: list[dict[str, Any]] = told["runs"]
    return runs


def test_every_load_of_every_recipe(runs: list[dict[str, Any]]) -> None:
    assert {(run["variant"], run["workload"]["load"]) for run in runs} == {
        (name, load) for name in RECIPES for load in ("small", "big", "cold", "slow")
    }
    for run in runs:
        assert run["outcome"] == "ok" or (run["outcome"], run["workload"]["load"]) == ("skipped", "cold"), run["reason"]
        if run["outcome"] == "ok":
            assert run["operations"] == run["workload"]["requests"]
            assert run["per_second"] == pytest.approx(run["operations"] / run["seconds"]["median"])
            assert 0 < run["latency_ms"]["p50"] <= run["latency_ms"]["p99"] <= run["latency_ms"]["max"]
            assert run["cpu_seconds"]["user"] + run["cpu_seconds"]["system"] > 0
            assert run["verdict"]


def test_the_clients_are_none_of_what_is_observed(runs: list[dict[str, Any]]) -> None:
    for run in runs:
        assert not any("no agent" in sentence for sentence in run["missing"])
        assert all(finding["process"] is None for finding in run["findings"])


SERVER = """
import socket
from recipes.file_serve import thread_per_connection
def serve(listener, folder):
    {0}
    thread_per_connection.serve(listener, folder)
"""


@pytest.mark.parametrize(
    ("what", "outcome", "reason"),
    [
        ("import os; open(os.path.join(folder, '00001'), 'r+b').write(b'other')", "wrong", "is not what it holds"),
        ("import os; os.truncate(os.path.join(folder, '00001'), 10)", "wrong", "expected 200 and 16384 bytes"),
        ("raise OSError('no')", "failed", "OSError: no"),
    ],
)
def test_what_is_wrong_is_told(
    measured: Callable[..., Any], tmp_path: Path, what: str, outcome: str, reason: str
) -> None:
    (tmp_path / "own.py").write_text(SERVER.format(what))
    told, status = measured(
        *("serve", f"{tmp_path}/own.py:serve", "--only", "thread_per_connection", "--load", "small", "--quick"),
        "--no-observe",
    )
    own = next(run for run in told["runs"] if run["recipe"] is None)
    assert status == 1
    assert own["outcome"] == outcome
    assert reason in own["reason"]
