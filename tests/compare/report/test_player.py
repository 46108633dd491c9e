"""The player in Chromium: it plays, steps and scrubs, and each thread's mark is on the line that was recorded then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from compare.report.page.html import to_html
from compare.report.page.recording import to_recordings
from compare.results import Lane, Observation, Site, Span
from tests.browser import Page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from compare.results import Comparison

pytestmark = pytest.mark.xdist_group("browser")

CODE = [
    "import asyncio",
    "",
    "def read():",
    "    return file.read()  # </script><b>",
    "",
    "async def main():",
    "    await x",
]
APP = "/project/app.py"
READ, ASKS = Site(APP, 4, "read"), Site(APP, 7, "main")
LOOP = (
    Span(0, 5, "unseen"),
    Span(5, 10, "running", site=ASKS),
    Span(10, 80, "poller", "epoll_wait"),
    Span(80, 100, "blocked", "fsync", "/data/journal", ASKS),
)
WORKER = (Span(0, 12, "unseen"), Span(12, 60, "blocked", "read", "/data/settings", READ), Span(60, 100, "idle"))


@pytest.fixture
def recorded(compare_seen: Callable[..., Comparison]) -> Comparison:
    lanes = (Lane("MainThread", "loop", LOOP), Lane("pool_0", "worker", WORKER))
    other = (Lane("MainThread", "main", (Span(0, 50, "blocked", "read", "/data/settings", READ),)),)
    return compare_seen(Observation((), None, lanes, 2, 100.0), Observation((), None, other, 1, 50.0))


@pytest.fixture
def watched(chromium: Any, tmp_path: Path, recorded: Comparison) -> Page:
    path = tmp_path / "report.html"
    path.write_text(to_html(recorded, code=lambda _: CODE), "utf-8")
    return Page(chromium, path, "document.querySelector('.player').dataset.ready")


def marked(page: Page) -> dict[str, int]:
    """At which line each thread's mark is."""
    found: dict[str, int] = page.run(
        "return Object.fromEntries([...document.querySelectorAll('.player .code .pin')]"
        ".map(pin => [pin.textContent, Number(pin.closest('[data-line]').dataset.line)]))"
    )
    return found


def beyond(page: Page) -> dict[str, str]:
    """Which threads are said to be at no line of the code, and where they are then."""
    found: dict[str, str] = page.run(
        "return Object.fromEntries([...document.querySelectorAll('.player .beyond .pin')]"
        ".map(pin => [pin.textContent, pin.parentElement.firstChild.textContent.trim()]))"
    )
    return found


def at_us(page: Page) -> int:
    return int(page.find(".player").get_attribute("data-at"))


def scrub(page: Page, us: float) -> None:
    page.run(
        f"const range = document.querySelector('.player input[type=range]'); range.value = {us};"
        "range.dispatchEvent(new Event('input'))"
    )


def lines_at(ms: float) -> dict[str, int]:
    """What was recorded: by the letters that the player gives the threads."""
    spans = {"L": LOOP, "1": WORKER}
    standing = {name: next(each for each in lane if each.start_ms <= ms < each.end_ms) for name, lane in spans.items()}
    return {name: span.site.line for name, span in standing.items() if span.site is not None}


def test_scrubbed_to_any_moment_each_mark_is_where_the_thread_was(watched: Page) -> None:
    seen = set()
    for ms in (1, 7, 11, 30, 59, 61, 79, 81, 99):
        scrub(watched, ms * 1000)
        assert marked(watched) == lines_at(ms), ms
        seen.add(tuple(marked(watched).items()))
    assert len(seen) == 3  # nobody, the loop, the worker
    assert [message for message in watched.console() if "favicon" not in message] == []


def test_a_thread_at_no_line_has_its_mark_below_the_code(watched: Page) -> None:
    in_loop, elsewhere = "In the event loop's own code:", "At no line of this code:"
    wanted = {
        1: {},
        7: {},
        11: {"L": in_loop},
        30: {"L": in_loop},
        61: {"L": in_loop, "1": elsewhere},
        81: {"1": elsewhere},
    }
    for ms, told in wanted.items():
        scrub(watched, ms * 1000)
        assert beyond(watched) == told, ms


def test_it_opens_where_a_thread_waits_at_a_line_that_is_shown(
    chromium: Any, tmp_path: Path, compare_seen: Callable[..., Comparison]
) -> None:
    longer = (
        Span(0, 60, "lock", "futex", None, Site("/usr/lib/threading.py", 9, "wait", "library")),
        Span(60, 100, "idle"),
    )
    lanes = (Lane("MainThread", "loop", LOOP), Lane("pool_0", "worker", longer))
    path = tmp_path / "report.html"
    path.write_text(to_html(compare_seen(Observation((), None, lanes, 2, 100.0)), code=lambda _: CODE), "utf-8")
    page = Page(chromium, path, "document.querySelector('.player').dataset.ready")
    assert (at_us(page), marked(page)) == (90_000, {"L": 7})


def test_steps_go_from_change_to_change(watched: Page) -> None:
    scrub(watched, 0)
    moments = []
    for _ in range(8):
        watched.find(".player button[aria-label='Next change']").click()
        moments.append(at_us(watched))
    assert moments == [5000, 10_000, 12_000, 60_000, 80_000, 100_000, 100_000, 100_000]
    watched.find(".player button[aria-label='Previous change']").click()
    assert at_us(watched) == 80_000
    assert marked(watched) == {"L": 7}


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_it_plays_to_the_end_and_can_be_paused(watched: Page, motion: str) -> None:
    def press() -> None:  # as the keyboard does: with motion the page may still be scrolling
        watched.run("document.querySelector('.player .play').click()")

    features = {"features": [{"name": "prefers-reduced-motion", "value": motion}]}
    watched.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", features)
    try:
        watched.run("document.querySelector('.player select[aria-label=Speed]').value = '0.02'")
        press()
        assert watched.until("Number(document.querySelector('.player').dataset.at) >= 12000")
        press()
        paused = at_us(watched)
        assert watched.find(".player").get_attribute("data-playing") == "no"
        assert 12_000 <= paused < 100_000
        assert (paused in {12_000, 60_000, 80_000}) or motion == "no-preference"  # from change to change, or gliding
        assert marked(watched) == lines_at(paused / 1000)
        watched.run("document.querySelector('.player select[aria-label=Speed]').value = '1'")
        press()
        assert watched.until("document.querySelector('.player').dataset.playing === 'no'")
        assert at_us(watched) == 100_000
    finally:
        watched.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_a_screen_reader_is_told_who_waits_where(watched: Page) -> None:
    scrub(watched, 11_000)
    watched.find(".player button[aria-label='Next change']").click()
    told = watched.run("return document.querySelector('.player [aria-live]').textContent")
    assert told == "At 12 ms the loop's thread waits in epoll_wait; worker 1 waits in read, line 4."


def test_the_keyboard_is_enough(watched: Page) -> None:
    watched.run("document.querySelector('.player .code').focus()")
    watched.keys("\ue011")  # Home
    watched.keys("\ue014", "\ue014", "\ue014")  # right
    assert (at_us(watched), marked(watched)) == (12_000, {"1": 4})
    watched.keys("\ue012")  # left
    assert at_us(watched) == 10_000
    watched.keys("\ue010")  # End
    assert at_us(watched) == 100_000
    watched.keys(" ")
    assert watched.find(".player").get_attribute("data-playing") == "yes"
    watched.keys(" ")
    assert watched.find(".player").get_attribute("data-playing") == "no"


def test_two_runs_have_one_clock(watched: Page) -> None:
    watched.run(
        "const second = document.querySelectorAll('.player .choices select')[1];"
        "second.value = '1'; second.dispatchEvent(new Event('change'))"
    )
    scrub(watched, 20_000)
    assert watched.run("return document.querySelectorAll('.player .take').length") == 2
    assert marked(watched) == {"1": 4, "M": 4}
    scrub(watched, 70_000)
    assert marked(watched) == {}
    said = watched.run("return [...document.querySelectorAll('.player .now')].map(list => list.textContent)")
    assert said == ["Lthe loop's thread waits in epoll_wait1worker 1 is idle", "ended after 50 ms"]


def test_the_programs_text_stays_text(watched: Page) -> None:
    lines = watched.run(
        "return [...document.querySelectorAll('.player .code code')].map(line => line.textContent.trim())"
    )
    assert lines[:4] == [line.strip() for line in CODE[:4]]
    assert watched.run("return document.querySelectorAll('.player .code b:not(.pin)').length") == 0


def test_no_request_leaves_the_page(watched: Page) -> None:
    assert [each for each in watched.requests() if not each.startswith(("file:", "data:", "about:"))] == []


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_no_wider_than_its_window(watched: Page, width: int) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    watched.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        assert watched.run("return document.documentElement.scrollWidth") <= width
        scrub(watched, 30_000)
        assert marked(watched) == {"1": 4}
    finally:
        watched.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_page_without_lanes_has_no_player(compare_seen: Callable[..., Comparison]) -> None:
    nothing = compare_seen(Observation((), None, (), 0, 10.0))
    assert to_recordings(nothing)["runs"] == []
    assert 'class="player"' not in to_html(nothing)
