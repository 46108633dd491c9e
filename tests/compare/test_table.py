"""The table: right at any width, and the same facts at each."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import pytest
from rich.console import Console

from compare.report.terminal import table
from compare.results import (
    Comparison,
    CpuSeconds,
    Finding,
    Latency,
    LoopHold,
    Observation,
    Run,
    Seconds,
    Site,
)
from compare.scenarios.shared.verdict import told

FILE = {"state": "slow", "files": 8, "bytes": 65536, "malloc": "pinned", "delay_ms": 50.0}
NET = {"load": "busy", "clients": 64, "bytes": 1024, "seconds": 0.6, "cpus": 1, "malloc": "pinned"}


def seen(*findings: Finding, held: float = 0.0) -> Observation:
    return Observation(findings, LoopHold(int(held > 0), held, held), (), 7, 410.0)


def finding(**changed: Any) -> Finding:
    plain = Finding(
        "loop-thread",
        None,
        "MainThread",
        "loop",
        "read",
        "/x/00001 and 7 more",
        Site("/r/asyncio_blocking_mistake.py", 21, "read_file"),
        "return path.read_bytes()",
        8,
        400.0,
        50.0,
    )
    return dataclasses.replace(plain, **changed)


def file_run(name: str, took: float, **changed: Any) -> Run:
    run = Run(
        "file",
        FILE,
        name,
        "asyncio+uvloop",
        f"recipes/file_read/{name}.py",
        {},
        "ok",
        seconds=Seconds(took, took, took, (took,)),
        operations=8,
        per_second=8 / took,
        threads=7,
    )
    return told(dataclasses.replace(run, **changed))


RUNS = (
    file_run("asyncio_blocking_mistake", 0.4, observation=seen(finding(), held=400.0)),
    file_run("asyncio_pipe_transport", 0.05, observation=seen()),
    file_run("x" * 60 + ":function", 0.1, notes=("unstable: 1 ms to 9 ms in 2 passes",)),
    file_run("dies", 1.0, outcome="failed", reason="died by SIGSEGV", seconds=None, per_second=None),
    file_run("asyncio_mmap_mistake", 1.0, outcome="skipped", reason="a FIFO can't be mapped", seconds=None),
)


def drawn(width: int, *runs: Run) -> str:
    text = io.StringIO()
    comparison = Comparison((), "3.13", "x", 2, "2026-01-01T00:00:00+00:00", runs or RUNS)
    Console(file=text, width=width).print(table.render(comparison, width), soft_wrap=True)
    return text.getvalue()


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100, 160, 250])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(len(line) for line in drawn(width).splitlines()) <= width


@pytest.mark.parametrize("width", [40, 80, 160])
def test_every_width_tells_the_same(width: int) -> None:
    words = " ".join(drawn(width).split())
    for fact in ("8 FIFOs of 64 KiB, each 50 ms late", "400 ms", "8.00", "died by SIGSEGV", "a FIFO can't be mapped"):
        assert fact in words
    for fact in ("asyncio+uvloop", "the loop waits in read for 00001 and 7 more", "(asyncio_blocking_mistake.py:21)"):
        assert fact in words


def test_the_fastest_is_first_and_the_failed_last() -> None:
    lines = [line for line in drawn(160).splitlines()[2:] if line and not line.startswith(" ")]
    assert [line[:7] for line in lines] == ["asyncio", "xxxxxxx", "asyncio", "dies   ", "asyncio"]
    assert "1.00" in lines[0]


def test_a_row_whose_passes_differ_is_marked() -> None:
    assert "~100 ms" in drawn(160)


def test_a_server_shows_its_own_time() -> None:
    run = Run(
        "net",
        NET,
        "epoll_multiplexing",
        None,
        None,
        {},
        "ok",
        seconds=Seconds(0.6, 0.6, 0.6, (0.6,)),
        operations=30_000,
        per_second=50_000.0,
        latency_ms=Latency(1.2, 2.5, 10.0),
        cpu_seconds=CpuSeconds(0.1, 0.2),
        threads=1,
    )
    for width in (80, 160):
        line = next(line for line in drawn(width, run).splitlines() if line.startswith("epoll"))
        assert line.split() == ["epoll_multiplexing", "ok", "50,000", "1.00", "1.2", "2.5", "10", "10.0", "1"]


def test_an_empty_comparison_draws_nothing() -> None:
    text = io.StringIO()
    Console(file=text).print(table.render(Comparison((), "", "", 1, "", ()), 80))
    assert text.getvalue().strip() == ""
