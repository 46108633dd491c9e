"""The page, driven in Chromium as a reader would: with a pointer, and with the keyboard alone."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from compare.report.page.html import to_html
from tests import browser

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from compare.results import Comparison

pytestmark = pytest.mark.xdist_group("browser")

OPENS_MS = 1000


class Page(browser.Page):
    """What the tests do with the page."""

    def __init__(self, chromium: Any, path: Path) -> None:
        super().__init__(chromium, path, "document.body.dataset.span")

    def span(self) -> tuple[int, int]:
        """The part of the time axis that is shown, in microseconds."""
        start, end = map(int, self.run("return document.body.dataset.span").split())
        return start, end

    def variants(self) -> list[str]:
        names: list[str] = self.run("return [...document.querySelectorAll('#table tbody th')].map(th => th.innerText)")
        return names


@pytest.fixture
def opened(chromium: Any, tmp_path: Path) -> Callable[[Comparison], Page]:
    def open_page(comparison: Comparison) -> Page:
        path = tmp_path / "report.html"
        path.write_text(to_html(comparison, context=lambda site: [(site.line, "the line")]), "utf-8")
        return Page(chromium, path)

    return open_page


def test_it_sorts_zooms_and_hovers_and_nothing_leaves(
    opened: Callable[[Comparison], Page], slow_files: Comparison
) -> None:
    page = opened(slow_files)
    median = page.find("#table th:nth-child(4)")
    assert median.text == "median"
    median.find_element("css selector", "button").click()
    assert median.get_attribute("aria-sort") == "ascending"
    assert (page.variants()[0], page.variants()[-1]) == ("urio_read", "asyncio_blocking_mistake")
    median.find_element("css selector", "button").click()
    assert median.get_attribute("aria-sort") == "descending"
    assert page.variants()[0] == "asyncio_blocking_mistake"

    whole = page.span()
    page.find("[data-do=in]").click()
    page.until(f"document.body.dataset.span !== '{whole[0]} {whole[1]}'")
    start, end = page.span()
    assert end - start == pytest.approx((whole[1] - whole[0]) / 2, abs=2)
    page.find("[data-do=all]").click()
    page.until(f"document.body.dataset.span === '{whole[0]} {whole[1]}'")

    page.hover(page.find("article:nth-child(2) .chart svg"), x=-340, y=-10)
    tip = page.until("!document.getElementById('tip').hidden && document.getElementById('tip').innerText")
    assert "read (blocked), 50 ms" in tip
    assert "for /tmp/compare/slow-" in tip
    assert "asyncio_aiofiles.py:34 in read_file" in tip
    assert "data = await file.read()" in tip

    assert page.console() == []
    requests = page.requests()
    assert page.address in requests
    assert [url for url in requests if not url.startswith(("file:", "data:", "about:"))] == []


def test_the_keyboard_alone_reaches_a_finding_and_back(
    opened: Callable[[Comparison], Page], slow_files: Comparison
) -> None:
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415

    page = opened(slow_files)
    for _ in range(40):
        page.keys(Keys.TAB)
        if page.run("return document.activeElement.classList.contains('chart')"):
            break
    assert "asyncio_blocking_mistake" in page.run("return document.activeElement.getAttribute('aria-label')")
    said = page.run("return document.getElementById('live').textContent")
    assert "read (blocked), 50 ms, for /tmp/compare/slow-" in said  # the longest wait, on focus

    whole = page.span()
    page.keys("+")
    assert page.until(f"document.body.dataset.span !== '{whole[0]} {whole[1]}'")
    before = page.span()
    page.keys(Keys.ARROW_LEFT)
    assert page.until(f"document.body.dataset.span !== '{before[0]} {before[1]}'")
    page.keys("n")
    assert page.until(f"document.getElementById('live').textContent !== {json.dumps(said)}")

    page.keys(Keys.ENTER)
    assert page.run("return document.activeElement.id") == "f-0-0"
    assert "loop-thread" in page.run("return document.activeElement.innerText")
    page.keys(Keys.TAB)
    assert page.run("return document.activeElement.innerText") == "Show in the lanes"
    page.keys(Keys.ENTER)
    assert page.run("return document.activeElement.classList.contains('chart')")
    assert page.console() == []


def test_the_wheel_zooms_where_the_lanes_have_been_clicked(
    opened: Callable[[Comparison], Page], slow_files: Comparison
) -> None:
    page = opened(slow_files)
    chart = page.find(".chart")
    wheel = "new WheelEvent('wheel', {{deltaY: -200, cancelable: true, ctrlKey: {}}})"
    assert page.run(f"return document.querySelector('.chart').dispatchEvent({wheel.format('false')})")  # it scrolls
    whole = page.span()
    chart.click()
    assert not page.run(f"return document.querySelector('.chart').dispatchEvent({wheel.format('false')})")
    assert page.until(f"document.body.dataset.span !== '{whole[0]} {whole[1]}'")


def test_workloads_and_variants_can_be_chosen(opened: Callable[[Comparison], Page], many: Comparison) -> None:
    page = opened(many)
    assert page.until("document.querySelectorAll('#rows article').length === 20")
    page.run("document.querySelectorAll('input[name=workload]')[2].click()")
    assert page.until("document.body.dataset.span === '0 400000'")
    page.run("document.getElementById('choose').open = true")
    page.find("[data-pick=none]").click()
    page.find("#picks label:nth-child(3)").click()
    assert [row.text for row in page.browser.find_elements("css selector", "#rows h3")] == ["variant_02 on asyncio"]


def test_twenty_variants_in_three_states_open_within_a_second(
    opened: Callable[[Comparison], Page], many: Comparison
) -> None:
    page = opened(many)
    took = [math.inf]
    while min(took) >= OPENS_MS and len(took) <= 3:  # what else runs here is not the page's doing
        page.browser.get(page.address)
        page.until("document.body.dataset.span")
        page.run("document.querySelector('.chart').scrollIntoView()")  # those out of sight are not drawn
        page.until("document.querySelector('.chart path') !== null")
        took.append(page.run("return performance.getEntriesByType('navigation')[0].loadEventEnd"))
    assert min(took) < OPENS_MS, took


def test_a_hostile_name_does_nothing(opened: Callable[[Comparison], Page], hostile: Comparison) -> None:
    page = opened(hostile)
    assert "alert(1)" in page.variants()[0]
    unrun = 'img, main script:not([type="application/json"])'  # data is no script
    assert page.run(f"return document.querySelectorAll('{unrun}').length") == 0
    assert page.console() == []


def test_the_policy_stops_whatever_would_leave(opened: Callable[[Comparison], Page], hostile: Comparison) -> None:
    page = opened(hostile)
    stopped = page.browser.execute_async_script(
        "const done = arguments[0]; fetch('http://127.0.0.1:9/').then(() => done(false), () => done(true));"
    )
    assert stopped
    assert any("Content Security Policy" in message for message in page.console())


def test_dark_and_light_and_a_phones_width(opened: Callable[[Comparison], Page], slow_files: Comparison) -> None:
    page = opened(slow_files)
    paper = "return getComputedStyle(document.body).backgroundColor"
    seen = []
    for _ in range(2):
        page.find("#theme").click()
        seen.append(page.run(paper))
    assert seen == ["rgb(20, 24, 31)", "rgb(255, 255, 255)"]
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        assert page.until("innerWidth === 390")
        assert page.run("return document.documentElement.scrollWidth") == 390
    finally:
        page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
