"""`compare pipes`, end to end, on a few recipes: each load is what it says, and every byte is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHILDREN, DELAY_S = 16, 0.05

Rows = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def many(measured: Callable[..., Any]) -> Rows:
    """Children that are slow enough for a busy machine, and no slower."""
    told, status = measured(
        *("pipes", "--load", "many", "--children", str(CHILDREN), "--delay", "50", "--repeat", "1"),
        *("--only", "blocking", "asyncio_streams", "asyncio_blocking_mistake", "asyncio_to_thread"),
        *("--backend", "none", "--backend", "asyncio"),
    )
    assert status == 0
    return {run["variant"]: run for run in told["runs"]}


def test_all_children_run_at_once_but_those_of_the_mistake(many: Rows) -> None:
    assert many["asyncio_blocking_mistake"]["seconds"]["min"] >= CHILDREN * DELAY_S
    for name in ("blocking", "asyncio_streams", "asyncio_to_thread"):
        assert DELAY_S <= many[name]["seconds"]["min"] < CHILDREN * DELAY_S
    assert {run["operations"] for run in many.values()} == {CHILDREN}


def test_the_verdict_names_who_waits_where(many: Rows) -> None:
    mistake = many["asyncio_blocking_mistake"]
    assert "the loop waits in" in mistake["verdict"]
    assert "asyncio_blocking_mistake.py:" in mistake["verdict"]
    assert mistake["loop"]["total_ms"] > CHILDREN * DELAY_S * 1000 / 2
    assert "worker-thread" in {finding["place"] for finding in many["asyncio_to_thread"]["findings"]}
    assert many["blocking"]["loop"] is None
    assert many["blocking"]["threads"] > 2  # how many are there at once is up to the machine


def test_all_loads_with_their_workload(measured: Callable[..., Any]) -> None:
    told, status = measured("pipes", "--quick", "--only", "threads", "--no-observe", "--size", "300000")
    assert status == 0
    loads = [run["workload"] for run in told["runs"]]
    assert [work["load"] for work in loads] == ["many", "stderr", "bulk"]
    assert [work["children"] for work in loads] == [16, 1, 1]
    assert {work["bytes"] for work in loads} == {300_000}
    assert {run["outcome"] for run in told["runs"]} == {"ok"}
    assert loads[0]["delay_ms"] == 5


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        ("0, out, err", None),
        ("1, out, err", "returned status 1 of a child that ended with 0"),
        ("0, out[:-1], err", "out has 4095 bytes, the child wrote 4096"),
        ("0, out[::-1], err", "out has the right length, and wrong bytes"),
        ("0, out, b'complaint'", "err has 9 bytes, the child wrote 0"),
        ("0, out", "returned tuple: expected (status, out, err)"),
        ("0, out.decode('latin-1'), err", "out is str: expected (status, out, err)"),
    ],
)
def test_every_answer_is_looked_at(
    measured: Callable[..., Any], tmp_path: Path, returned: str, told: str | None
) -> None:
    own = tmp_path / "own.py"
    own.write_text(
        "import subprocess\n"
        "def go(arguments, data):\n"
        "    done = subprocess.run(arguments, input=data, capture_output=True)\n"
        "    out, err = done.stdout, done.stderr\n"
        f"    return {returned}\n"
    )
    answered, _ = measured(
        *(
            "pipes",
            f"{own}:go",
            "--only",
            "blocking",
            "--load",
            "bulk",
            "--size",
            "4096",
            "--no-observe",
            "--repeat",
            "1",
        )
    )
    [run] = [run for run in answered["runs"] if run["recipe"] is None]
    if told is None:
        assert (run["outcome"], run["reason"]) == ("ok", None)
    else:
        assert run["outcome"] == "wrong"
        assert told in run["reason"]
