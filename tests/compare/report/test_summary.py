"""The summary of `compare script`: one screen, what was not seen first, the loop before the threads that may wait."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from rich.cells import cell_len

from compare.report.terminal import summary
from compare.results import Finding, LoopHold, Observation, Run, Site

HERE = Site("/home/x/app.py", 41, "fetch")


def finding(**changed: Any) -> Finding:
    plain = Finding("worker-thread", None, "w", "worker", "recvfrom", None, HERE, "sock.recv(9)", 1, 100.0, 100.0)
    return dataclasses.replace(plain, **changed)


def on_loop(**changed: Any) -> Finding:
    plain: dict[str, Any] = {"place": "loop-thread", "thread": "MainThread", "role": "loop", "call": "read"}
    return finding(**(plain | changed))


def told(
    *findings: Finding, missing: tuple[str, ...] = (), width: int = 80, height: int = 40, loop: LoopHold | None = None
) -> str:
    seen = Observation(findings, loop or LoopHold(0, 0.0, 0.0), (), 5, 1000.0, missing)
    run = Run("script", {}, "app.py", None, None, {}, "ok", exit_status=0, observation=seen)
    return summary.render(run, 10.0, width, height)


def words(text: str) -> str:
    return " ".join(text.split())


def test_what_was_not_seen_comes_first_and_limits_the_all_clear() -> None:
    lines = told(missing=("no Python lines",)).splitlines()
    assert lines[0].startswith("compare: app.py: exit status 0 after 1.00 s")
    assert lines[1] == "compare: not seen: no Python lines"
    assert "of what was seen, the loop was never blocked for 10 ms" in lines[2]
    assert "of what was seen, nothing waited for 10 ms" in lines[3]
    assert "compare: the loop was never blocked for 10 ms" in told()
    assert "compare: nothing waited for 10 ms" in told()


def test_where_the_loop_was_blocked_by_nothing_that_counts_alone_that_is_no_all_clear() -> None:
    text = told(loop=LoopHold(1, 15.0, 15.0))
    assert "the loop was blocked once, 15 ms in all" in text
    assert text.splitlines()[2] == "compare: no single cause of that took 10 ms or longer"


def test_a_loop_that_the_machine_kept_from_running_is_none_of_the_threads_that_may_wait() -> None:
    starved = on_loop(place="kernel", kind="starved", call=None, site=None, total_ms=900.0)
    text = told(finding(total_ms=300.0), starved)
    parts = ["Threads that may wait", "300 ms", "The machine's doing, and not the program's:", "got no CPU"]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "Threads that may wait" not in told(starved)


def test_the_loop_comes_first_worst_first_with_its_line_and_the_way_out() -> None:
    small, large = on_loop(total_ms=50.0), on_loop(total_ms=500.0, site=Site("/home/x/app.py", 7, "f"))
    text = told(finding(total_ms=9000.0), small, large, loop=LoopHold(2, 500.0, 550.0))
    assert "the loop was blocked 2 times, 550 ms in all, 500 ms at most" in text
    places = [text.index(part) for part in ("app.py:7", "  50 ms", "9.00 s")]
    assert places == sorted(places)
    assert "hand it to a thread" in words(text)
    assert "> sock.recv(9)" in text


def test_workers_are_folded_by_line_and_connections_by_the_remote_end() -> None:
    each = [
        finding(thread=f"w_{at}", target=f"tcp 127.0.0.1:{40000 + at} <- 127.0.0.1:9900", count=2, total_ms=28_560.0)
        for at in range(38)
    ]
    text = words(told(*each))
    assert "38 workers wait in `recvfrom` for tcp 127.0.0.1:9900, 38 connections at /home/x/app.py:41" in text
    assert "1,085 s" in text
    assert "76 waits, the longest 100 ms" in text


def test_clients_of_one_server_are_told_by_its_address() -> None:
    each = [finding(thread=f"w_{at}", target=f"tcp 127.0.0.1:80 <- 10.0.0.{at}:5") for at in range(3)]
    assert "3 workers wait in `recvfrom` for tcp 127.0.0.1:80, 3 clients at" in words(told(*each))


def test_connections_that_a_thread_had_by_turns_are_added_up() -> None:
    each = [
        finding(thread="a", target="tcp 127.0.0.1:9900, 134 connections"),
        finding(thread="b", target="tcp 127.0.0.1:40000 <- 127.0.0.1:9900"),
    ]
    assert "for tcp 127.0.0.1:9900, 135 connections at" in words(told(*each))
    other = finding(thread="c", target="tcp 127.0.0.1:40001 <- 127.0.0.1:9901 and 3 more")
    assert "for tcp 127.0.0.1:9900, 134 connections and 4 more at" in words(told(each[0], other))


def test_processes_are_named_where_there_are_several() -> None:
    each = [
        on_loop(thread=f"MainThread of {process}", process=process)
        for process in ("worker 1, pid 77", "worker 2, pid 78")
    ]
    assert "the loop of worker 1, pid 77 waits in `read`" in words(told(each[0]))
    assert "2 loops in 2 processes wait in `read`" in words(told(*each))


@pytest.mark.parametrize(("width", "height"), [(40, 24), (80, 24), (80, 50), (120, 50)])
def test_it_fits_the_screen_and_counts_what_does_not(width: int, height: int) -> None:
    many = [on_loop(site=Site(f"/home/漢/app{at}.py", at + 1, "f"), total_ms=1000.0 - at) for at in range(60)]
    text = told(*many, *(finding(thread=f"w{at}", call=f"call{at}") for at in range(9)), width=width, height=height)
    lines = text.splitlines()
    assert len(lines) < height
    assert max(map(cell_len, lines)) <= width
    shown = sum(line.startswith("!") for line in lines)
    assert shown >= 1
    assert f"… and {69 - shown} more that waited less" in words(text)
