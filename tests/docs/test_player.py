"""The player on the pages, in Chromium: what it shows was recorded; without JavaScript the pictures stand there."""

from __future__ import annotations

import json
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import pytest

from compare.catalogue import scenarios
from docs._ext.measured_data import cases, measurement
from docs._ext.player import unseen
from docs._ext.recipe_pages import all_recipes
from docs._ext.recordings import RECORDINGS, path_of, recording_of
from tests.browser import Page, chromium_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(900)]  # whoever comes first builds the site

PAIR = ("asyncio_blocking_mistake", "asyncio_to_thread")
READY = "[...document.querySelectorAll('.player')].every(each => each.dataset.ready)"
MOST_BYTES = 500 * 1024


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One browser for all tests here: of a wider scope than the checks for leaks, so it is no test's leak."""
    with chromium_in(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def home(chromium: Any, site: Path) -> Page:
    return Page(chromium, site / "index.html", READY)


def recorded(variant: str, us: float) -> dict[int, int]:
    """The lines of the recipe's own that threads were at then, by the threads' numbers: from the file itself."""
    told = json.loads(path_of("file-slow", variant).read_text("utf-8"))
    [run] = told["runs"]
    found = {}
    for number, thread in enumerate(run["threads"]):
        ends = list(accumulate(thread["spans"][::2]))
        at = next((at for at, end in enumerate(ends) if us < end), None)
        site = run["kinds"][thread["spans"][2 * at + 1]][3] if at is not None else -1
        if site >= 0 and told["files"][run["sites"][site][0]]["parts"] and thread["role"]:
            found[number] = run["sites"][site][1]
    return found


def marked(page: Page, take: int) -> dict[int, list[int]]:
    """The lines that have marks, with the threads whose marks are shown there."""
    found = page.run(
        f"const lines = document.querySelectorAll('.player .take')[{take}].querySelectorAll('.code .on');"
        "return [...lines].map(line => [Number(line.dataset.line),"
        " [...line.querySelectorAll('.pin')].map(pin => Number(pin.dataset.thread))])"
    )
    return {line: threads for line, threads in found}  # noqa: C416  lists are no pairs to `dict`'s types


def scrub(page: Page, us: float) -> None:
    page.run(
        f"const range = document.querySelector('.player input[type=range]'); range.value = {us};"
        "range.dispatchEvent(new Event('input'))"
    )


def assert_as_recorded(page: Page, us: float) -> int:
    """Each mark is on its recorded line, and each line that was recorded has its marks; returns how many there are."""
    count = 0
    for take, variant in enumerate(PAIR):
        wanted, shown = recorded(variant, us), marked(page, take)
        assert set(shown) == set(wanted.values()), (variant, us)
        for line, threads in shown.items():
            assert threads, (variant, us)  # the first few have their marks, the others are counted
            assert all(wanted[thread] == line for thread in threads)
            count += len(threads)
    return count


def test_the_home_page_opens_with_two_runs_on_one_clock(home: Page) -> None:
    total = float(home.find(".player input[type=range]").get_attribute("max"))
    seen = 0
    for part in range(40):
        us = int(total * part / 40)
        scrub(home, us)
        seen += assert_as_recorded(home, us)
    assert seen > 40  # the loop nearly all the time, and the workers at first
    assert [each for each in home.requests() if not each.startswith(("file:", "data:", "about:"))] == []
    assert [message for message in home.console() if "favicon" not in message] == []


def test_it_plays_and_steps_through_what_was_recorded(home: Page) -> None:
    scrub(home, 0)
    home.find(".player .play").click()
    assert home.until("Number(document.querySelector('.player').dataset.at) > 20000")
    home.find(".player .play").click()
    paused = int(home.find(".player").get_attribute("data-at"))
    assert_as_recorded(home, paused)
    for _ in range(5):
        home.find(".player button[aria-label='Next change']").click()
        at = int(home.find(".player").get_attribute("data-at"))
        assert at > paused
        assert_as_recorded(home, at)
        paused = at


def test_chinese_pages_play_in_chinese(chromium: Any, site: Path) -> None:
    page = Page(chromium, site / "zh_CN" / "index.html", READY)
    scrub(page, 30_000)
    page.find(".player .play").click()
    page.find(".player .play").click()
    assert page.find(".player .play").get_attribute("aria-label") == "播放"
    told = page.run("return document.querySelector('.player [aria-live]').textContent")
    assert "循环线程在 read 中等待，第 29 行" in told  # spaces stand around Latin words alone


@pytest.mark.parametrize(("folder", "begins"), [("", "Not seen: "), ("zh_CN", "没有看到：")])
def test_what_a_run_did_not_see_is_told_in_the_pages_language(site: Path, folder: str, begins: str) -> None:
    names = [(kind, each.name) for kind, every in all_recipes().items() for each in every]
    played = {f"recipes/{kind}/{name}": found[1] for kind, name in names if (found := recording_of(kind, name))}
    told = {page: unseen(recording["runs"]) for page, recording in played.items()}
    assert any(told.values())
    for page, sentences in told.items():
        text = (site / folder / f"{page}.html").read_text("utf-8")
        assert text.count(f"<p>{begins}") == len(sentences), page
        assert not folder or not any(sentence in text for sentence in sentences), page


def test_by_keyboard_each_stop_on_the_page_is_seen(home: Page) -> None:
    stops = home.run("return document.querySelectorAll('main button, main [href], .content button').length")
    home.run("document.querySelector('.player .play').focus()")
    for _ in range(min(stops, 12)):
        faint, name = home.run(
            "const at = document.activeElement, look = getComputedStyle(at);"
            "return [look.outlineStyle === 'none' || Number(look.opacity) === 0, at.outerHTML.slice(0, 99)]"
        )
        assert not faint, name
        home.keys("\ue004")  # Tab


def test_without_javascript_the_pictures_stand_there(chromium: Any, site: Path) -> None:
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        chromium.get((site / "models.html").as_uri())
        shown = [each.is_displayed() for each in chromium.find_elements("css selector", ".player")]
        assert shown
        assert not any(shown)
        stills = [each.is_displayed() for each in chromium.find_elements("css selector", ".player-still svg[role=img]")]
        assert len(stills) >= len(shown)
        assert all(stills)
    finally:
        chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def on_a_phone(chromium: Any, width: int = 390) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": True}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def test_on_a_phone_no_option_breaks_behind_its_hyphens(chromium: Any, site: Path) -> None:
    on_a_phone(chromium)
    try:
        page = Page(chromium, site / "using-compare.html", READY)
        broken = page.run(
            "const options = [...document.querySelectorAll('.content code.literal .pre')]"
            ".filter(each => /^--[\\w-]+$/.test(each.textContent));"
            "return [options.length, ...options.filter(each => each.getClientRects().length > 1)"
            ".map(each => each.textContent)]"
        )
        assert broken[0] > 20
        assert broken[1:] == []
    finally:
        chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_line_stays_in_sight_when_the_window_changes(chromium: Any, home: Page) -> None:
    scrub(home, 30_000)
    hidden = (
        "return [...document.querySelectorAll('.player .code')].filter(code => {"
        " const [pane, line] = [code, code.querySelector('.on')].map(each => each.getBoundingClientRect());"
        " return line.top < pane.top || line.bottom > pane.bottom; }).length"
    )
    assert home.run(hidden) == 0
    try:
        for width in (330, 500):
            on_a_phone(chromium, width)
            assert home.until(f"innerWidth === {width}")
            home.run("return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            assert home.run(hidden) == 0, width
    finally:
        chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["index.html", "models.html", "recipes/file_read/asyncio_to_thread.html"])
def test_no_page_is_wider_than_its_window(chromium: Any, site: Path, name: str, width: int) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        page = Page(chromium, site / name, READY)
        assert page.run("return document.documentElement.scrollWidth") <= width
        hidden = page.run("return [...document.querySelectorAll('.player')].filter(each => !each.offsetHeight).length")
        assert hidden == 0
        if (name, width) == ("recipes/file_read/asyncio_to_thread.html", 1280):
            names = page.run("return [...document.querySelectorAll('.lanes text')].map(each => each.textContent)")
            assert [name for name in names if name.endswith("…")] == []  # there is room for them
    finally:
        chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_no_page_is_heavy(site: Path) -> None:
    heavy = {
        str(path.relative_to(site)): size for path in site.rglob("*.html") if (size := path.stat().st_size) > MOST_BYTES
    }
    assert heavy == {}


def test_every_recipe_that_has_been_measured_has_a_recording() -> None:
    measured = {
        (each.folder, run.variant)
        for each in scenarios()
        for case in cases(each.folder)
        if (found := measurement(case))
        for run in found.runs
        if run.outcome == "ok"
    }
    assert len(measured) > 50
    assert [key for key in sorted(measured) if recording_of(*key) is None] == [], "docs.measure recordings makes them"


@pytest.mark.parametrize("path", sorted(RECORDINGS.glob("*.json")), ids=lambda path: path.stem)
def test_a_recording_is_small_and_says_where_it_is_from(path: Path) -> None:
    told = json.loads(path.read_text("utf-8"))
    [run] = told["runs"]
    assert told["command"][:3] == ["python", "-m", "compare"]
    assert told["python"]
    assert told["platform"]
    assert told["started"][:2] == "20"
    assert len(json.dumps(run)) < 16 * 1024
    assert all(sum(thread["spans"][::2]) == run["us"] for thread in run["threads"])
    assert [file for file in told["files"] if file["parts"]]
