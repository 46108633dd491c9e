from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from compare.report.terminal.timeline import render
from compare.results import Lane, Observation, Run, Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.results import Comparison


def _text(what: Comparison | Run, width: int, *, color: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=color, color_system="truecolor" if color else None)
    console.print(render(what, width, color=color))
    return out.getvalue()


def _row(text: str, variant: str, lane: str) -> str:
    lines = text.splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith(variant))
    return next(line for line in lines[start + 1 :] if line.startswith(f"  {lane}"))


@pytest.mark.parametrize("width", [40, 80, 160, 200])
def test_one_glance_tells_who_waits_where(slow_files: Comparison, width: int) -> None:
    text = _text(slow_files, width)
    assert _row(text, "asyncio_blocking", "loop").count("█") > 15
    assert "█" not in _row(text, "asyncio_aiofiles", "loop")
    assert "▒" in _row(text, "asyncio_aiofiles", "queued")
    assert not set("█▒▓▙▞") & set(_row(text, "urio_read", "loop"))


def test_the_call_is_written_where_it_fits(slow_files: Comparison) -> None:
    text = _text(slow_files, 120)
    assert "█ read █" in _row(text, "asyncio_blocking", "loop")
    assert "█ read █" in _row(text, "asyncio_aiofiles", "worker asyncio_0")


def test_equal_workers_are_folded(slow_files: Comparison) -> None:
    text = _text(slow_files, 160)
    assert "asyncio_0 ×5 more" in text
    assert "asyncio_1" not in text


def test_the_legend_is_one_line_with_the_states_that_occur(slow_files: Comparison) -> None:
    legend = _text(slow_files, 160).rstrip().splitlines()[-1]
    assert "in its poller" in legend
    assert "queued for the pool" in legend
    assert "GIL" not in legend


def test_without_colour_there_is_no_escape_sequence_and_with_it_the_same_text(slow_files: Comparison) -> None:
    plain, coloured = _text(slow_files, 80), _text(slow_files, 80, color=True)
    assert "\x1b" not in plain
    assert "\x1b[" in coloured


def test_a_held_net_shows_three_workers_and_the_line(held_net: Comparison) -> None:
    text = _text(held_net, 100)
    assert "recvfrom" in _row(text, "thread_pool", "worker pool_0")
    assert "▒ 1 queued ▒" in _row(text, "thread_pool", "queued")


def test_many_threads_are_counted_not_drawn(many: Comparison) -> None:
    text = _text(many, 100)
    assert "more threads" in text
    assert max(len(line) for line in text.splitlines()) <= 100


def test_names_cannot_move_the_cursor(hostile: Comparison) -> None:
    text = _text(hostile, 200)
    assert "\x1b" not in text
    assert "\\x1b[2J" in text


def test_nothing_observed_draws_nothing() -> None:
    run = Run("script", {}, "app.py", None, None, {}, "failed", reason="it did not start")
    assert _text(run, 80).strip() == ""


def test_a_single_run_is_drawn_alone() -> None:
    seen = Observation((), None, (Lane("MainThread", "main", (Span(0, 5, "running"),)),), 1, 5)
    text = _text(Run("script", {}, "app.py", None, None, {}, "ok", observation=seen), 60)
    assert "▄" in _row(text, "app.py", "main")


def test_a_run_that_is_cut_off_says_so(
    observe: Callable[..., Observation], compare_seen: Callable[..., Comparison]
) -> None:
    lengths = (60.0, 70.0, 5000.0)
    seen = [observe([Lane("MainThread", "main", (Span(0, ms, "running"),))], ms) for ms in lengths]
    text = _text(compare_seen(*seen), 100)
    assert "cut off, it took 5,000 ms" in text
    assert text.count("»") == 1
