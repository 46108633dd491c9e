"""Chromium without a window, for the tests of pages: as a reader drives it, and no request leaves this machine."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-prefers-reduced-motion",
    "--window-size=1280,900",
)

COMES_S = 15
"""How long a page may take to come to what is waited for, in seconds: less than the driver's own limit."""


@contextmanager
def chromium_in(profile: Path) -> Iterator[Any]:
    """A browser that keeps what it must in a folder; skips the test where there is none."""
    selenium = pytest.importorskip("selenium.webdriver", reason="selenium is in the extra named test")
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("no chromium and chromedriver here: apt-get install chromium chromium-driver")
    options = selenium.ChromeOptions()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
    browser.set_page_load_timeout(20)
    browser.set_script_timeout(20)
    try:
        yield browser
    finally:
        browser.quit()


class Page:
    """What the tests do with a page."""

    def __init__(self, browser: Any, path: Path, ready: str) -> None:
        """Open a file, and wait for an expression to hold."""
        self.browser, self.address = browser, path.as_uri()
        browser.get("about:blank")
        browser.get_log("browser")
        browser.get_log("performance")
        browser.get(self.address)
        self.until(ready)

    def run(self, script: str) -> Any:
        return self.browser.execute_script(script)

    def until(self, condition: str) -> Any:
        """Waits for an expression to hold, frame by frame, and gives its value; fails where it never does."""
        value = self.browser.execute_async_script(
            f"const done = arguments[0], end = performance.now() + {1000 * COMES_S};"
            f"const look = () => {{ const value = ({condition}); if (value) done(value);"
            " else if (performance.now() > end) done(null); else requestAnimationFrame(look); }; look();"
        )
        assert value is not None, f"not within {COMES_S} s: {condition}"
        return value

    def keys(self, *keys: str) -> None:
        from selenium.webdriver import ActionChains  # noqa: PLC0415  may be missing, then all here is skipped

        ActionChains(self.browser, duration=0).send_keys(*keys).perform()

    def hover(self, element: Any, x: int = 0, y: int = 0) -> None:
        from selenium.webdriver import ActionChains  # noqa: PLC0415

        ActionChains(self.browser, duration=0).move_to_element_with_offset(element, x, y).perform()

    def find(self, css: str) -> Any:
        return self.browser.find_element("css selector", css)

    def console(self) -> list[str]:
        return [entry["message"] for entry in self.browser.get_log("browser")]

    def requests(self) -> list[str]:
        messages = [json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance")]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]
