"""The screen of a watch: it fits, whatever is told, and every key does what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compare.report.watch.watch_screen import WatchScreen
from compare.results import Finding, LoopNow, LoopTurn, News, QueueNow, Site, Stall, Task

LOOP = LoopNow(7, "MainThread of python 7", 1_500.0, "read", "/mnt/\x1b[2J慢", Site("/srv/app.py", 3, "main"))


def _finding(line: int, ms: float, place: str = "loop-thread") -> Finding:
    site = Site("/srv/应用.py", line, "main")
    return Finding(
        place=place, kind=None, thread="T", role="loop", call="read", target="/mnt/x", site=site,  # type: ignore[arg-type]
        code="read()\x07", count=2, total_ms=ms, longest_ms=ms / 2, task=Task("T-1", "main"), stack=(site, site),
    )  # fmt: skip


def _news(at_ms: float, *found: Finding) -> News:
    stalls = tuple(Stall(0.0, 7, each) for each in found)
    turns = (LoopTurn(7, LOOP.thread, at_ms, 120.0),)
    return News(at_ms, stalls, turns, (LOOP,), (QueueNow(7, 4, 17, 310.0),), 9, 41, 3, ("no Python lines: no",))


def _shown(screen: WatchScreen, width: int = 100, height: int = 30) -> str:
    return "\n".join(line.plain for line in screen.lines(width, height))


@given(st.integers(20, 200), st.integers(4, 60), st.integers(0, 40), st.lists(st.sampled_from(["down", "enter", "s"])))
def test_it_fits(width: int, height: int, count: int, pressed: list[str]) -> None:
    screen = WatchScreen("app.py\n" * 30, 10.0)
    screen.hear(_news(1000, *(_finding(line + 1, 10.0 * line + 10) for line in range(count))))
    for key in pressed:
        screen.key(key)
    lines = screen.lines(width, height)
    assert len(lines) == height
    assert all(line.cell_len <= width for line in lines)
    assert all(line.plain.isprintable() for line in lines)


def test_it_says_what_holds_the_loop_and_what_waits() -> None:
    screen = WatchScreen("app.py", 10.0)
    screen.hear(_news(1000, _finding(3, 240.0)))
    shown = _shown(screen)
    assert "one loop, 9 threads, 41 tasks\nnot seen: no Python lines: no\n" in shown
    assert "now 1.50 s" in shown
    assert r"held now, for 1.50 s in `read` for /mnt/\x1b[2J慢 at /srv/app.py:3" in shown
    assert "pool of 4 threads in process 7: 17 queued, the first for 310 ms" in shown
    assert "!   240 ms  the loop waits in `read` for /mnt/x at /srv/应用.py:3, 2 waits, the longest 120 ms" in shown


def test_what_holds_a_loop_comes_first_and_then_it_is_sorted() -> None:
    screen = WatchScreen("app.py", 10.0)
    screen.hear(_news(1000, _finding(1, 900.0, "worker-thread"), _finding(2, 50.0), _finding(3, 70.0)))
    at = [_shown(screen).index(f"应用.py:{line}") for line in (3, 2, 1)]
    assert at == sorted(at)


def test_the_chosen_one_stays_in_sight() -> None:
    screen = WatchScreen("app.py", 10.0)
    screen.hear(_news(1000, *(_finding(line, 1000.0 - line) for line in range(1, 41))))
    for _ in range(31):
        screen.key("down")
    (chosen,) = (line.plain for line in screen.lines(100, 30) if line.style == "reverse" and "应用" in line.plain)
    assert "应用.py:31," in chosen


def test_an_opened_finding_is_kept_when_it_is_old() -> None:
    screen = WatchScreen("app.py", 10.0)
    screen.hear(_news(1000, _finding(3, 240.0)))
    screen.key("enter")
    screen.hear(_news(60_000))
    assert "应用.py:3 in main" in _shown(screen)
    screen.key("escape")
    assert "应用.py:3" not in _shown(screen)


def test_a_pause_keeps_the_picture_and_not_the_news() -> None:
    screen = WatchScreen("app.py", 10.0)
    screen.hear(_news(1000))
    screen.key("p")
    screen.hear(_news(2000, _finding(3, 240.0)))
    assert "PAUSED" in _shown(screen)
    assert "应用.py:3" not in _shown(screen)
    screen.key("p")
    screen.hear(_news(2250))
    assert "应用.py:3" in _shown(screen)


@pytest.mark.parametrize(("key", "attribute"), [("w", "wants_report"), ("q", "wants_end")])
def test_what_others_do_is_asked_for(key: str, attribute: str) -> None:
    screen = WatchScreen("app.py", 10.0)
    screen.key(key)
    assert getattr(screen, attribute)


def test_no_all_clear_is_told_of_what_was_not_seen() -> None:
    screen = WatchScreen("app.py", 10.0)
    screen.hear(_news(1000))
    assert "of what was seen, nothing waited for 10 ms" in _shown(screen)


def test_a_thread_that_waits_again_and_again_is_counted_once() -> None:
    screen = WatchScreen("app.py", 10.0)
    waits = [replace(_finding(3, 50.0, "worker-thread"), role="worker", target="/mnt/x") for _ in range(9)]
    stalls = tuple(Stall(0.0, 7, each, tid=8 + at % 2) for at, each in enumerate(waits))
    screen.hear(replace(_news(1000), stalls=stalls))
    shown = " ".join(_shown(screen).split())
    assert "450 ms 2 workers wait in `read` for /mnt/x at /srv/应用.py:3, 18 waits, the longest 25 ms" in shown


@given(st.integers(60, 200))
def test_a_loops_line_ends_with_what_is_newest(width: int) -> None:
    screen = WatchScreen("app.py", 10.0)
    screen.hear(replace(_news(1000), loops=(replace(LOOP, held_ms=0.0),)))
    (line,) = (each.plain for each in screen.lines(width, 30) if each.plain.startswith("MainThread"))
    assert line.rstrip()[-1] not in " ▁"
