"""The built site: whole, linked, and in need of nothing from the network."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from docs import conf

pytestmark = pytest.mark.timeout(900)  # whoever comes first builds the site

RAW = frozenset({"pre", "code", "script", "style", "template"})
"""Elements whose text is not prose: marks of Markdown may stand there."""
LANGUAGES = ("en", "zh_CN")
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
"""Elements that make a browser fetch something, and the attribute that says what."""


class Links(HTMLParser):
    """Collects where a page leads to, what it loads, which places can be led to, and prose that kept its Markdown."""

    def __init__(self) -> None:
        super().__init__()
        self.leads: set[str] = set()
        self.loads: set[str] = set()
        self.places: set[str] = set()
        self.unread: list[str] = []
        self._raw = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self._raw += tag in RAW
        if place := named.get("id"):
            self.places.add(place)
        if tag == "a" and (target := named.get("href")):
            self.leads.add(target)
        if tag in LOADED and (source := named.get(LOADED[tag])) and named.get("rel") not in {"canonical", "author"}:
            self.loads.add(source)

    def handle_endtag(self, tag: str) -> None:
        self._raw -= tag in RAW

    def handle_data(self, data: str) -> None:
        if not self._raw and re.search(r"\*\*|\{term\}|\]\(", data):
            self.unread.append(data.strip())


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Links]:
    """Every page, read once."""
    found = {}
    for path in sorted(site.rglob("*.html")):
        found[path] = Links()
        found[path].feed(path.read_text("utf-8"))
    return found


def test_every_recipe_has_its_page_in_both_languages(site: Path, root: Path) -> None:
    recipes = [path.relative_to(root).with_suffix(".html") for path in (root / "recipes").glob("*/[a-z]*.py")]
    assert recipes
    missing = [str(page) for page in recipes for folder in (site, site / "zh_CN") if not (folder / page).is_file()]
    assert not missing


def test_every_link_within_the_site_leads_somewhere(site: Path, pages: dict[Path, Links]) -> None:
    assert len(pages) > 200
    files = {path for path in site.rglob("*") if path.is_file()}
    broken = []
    for path, links in pages.items():
        for target in links.leads | links.loads:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            file = Path(os.path.normpath(path.parent / unquote(parts.path))) if parts.path else path
            if file not in files:
                broken.append(f"{path.relative_to(site)}: {target}")
            elif parts.fragment and file in pages and unquote(parts.fragment) not in pages[file].places:
                broken.append(f"{path.relative_to(site)}: no such place: {target}")
    assert not broken


def test_no_markdown_is_left_in_prose(site: Path, pages: dict[Path, Links]) -> None:
    """In Chinese `**` closes nothing between punctuation and a letter: the colon belongs behind it."""
    left = {str(path.relative_to(site)): links.unread for path, links in pages.items() if links.unread}
    assert left == {}


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[Path, Links]) -> None:
    loaded = {source for links in pages.values() for source in links.loads}
    assert not {source for source in loaded if urlsplit(source).netloc}
    for sheet in site.rglob("*.css"):
        assert not re.findall(r"(?:@import|url\()\s*['\"]?(?:https?:)?//", sheet.read_text("utf-8")), sheet


def test_long_names_in_tables_may_break_between_their_parts_and_are_copied_as_they_are(site: Path) -> None:
    table = (site / "choosing.html").read_text("utf-8").partition("<table")[2].partition("</table>")[0]
    names = {re.sub(r"<[^>]*>", "", name): name for name in re.findall(r"<code.*?</code>", table)}
    assert names["asyncio_cached_first"].count("<wbr>") == 2
    assert names["blocking"].count("<wbr>") == 0


def test_both_languages_lead_to_each_other(site: Path) -> None:
    assert 'href="./zh_CN/models.html"' in (site / "models.html").read_text("utf-8")
    assert 'href="./../models.html"' in (site / "zh_CN" / "models.html").read_text("utf-8")


@pytest.mark.parametrize("name", ["pygments_style", "pygments_dark_style"])
def test_all_of_the_code_can_be_read(name: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5:1 for text, comments and numbers as well."""
    styles = pytest.importorskip("pygments.styles", reason="the docs need their extra: pip install -e '.[docs]'")
    style = styles.get_style_by_name(getattr(conf, name))
    paper = style.background_color.removeprefix("#")
    seen = {str(token): look for token, look in style if look["color"] and "Whitespace" not in str(token)}
    ratios = {token: _contrast(look["bgcolor"] or paper, look["color"]) for token, look in seen.items()}
    assert {token: ratio for token, ratio in ratios.items() if ratio < 4.5} == {}


def _contrast(one: str, other: str) -> float:
    dark, light = sorted(map(_luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("folder", "query", "expected"),
    [
        pytest.param(".", "epoll_wait", "recipes/tcp_echo/epoll_multiplexing.html", id="English"),
        pytest.param("zh_CN", "epoll_wait", "recipes/tcp_echo/epoll_multiplexing.html", id="Chinese, a Latin word"),
    ],
)
def test_search_works_without_a_network(site: Path, tmp_path: Path, folder: str, query: str, expected: str) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    address = (site / folder / "search.html").resolve().as_uri() + f"?q={query}"
    quiet = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-sync",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
    ]
    done = subprocess.run(
        [chromium, *quiet, f"--user-data-dir={tmp_path}", "--virtual-time-budget=10000", "--dump-dom", address],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    results = done.stdout.partition('id="search-results"')[2]
    assert expected in results


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a child does not end with the process that started it")
def test_what_builds_ends_with_whoever_asked_for_it(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "docs", "--target", str(tmp_path / "html")]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL) as build:
        children = Path(f"/proc/{build.pid}/task/{build.pid}/children")
        while len(builders := [pid for pid in children.read_text().split() if _runs_sphinx(pid)]) < len(LANGUAGES):
            assert build.poll() is None
            time.sleep(0.01)
        ends = [os.pidfd_open(int(pid)) for pid in builders]
        build.kill()
    try:
        for end in ends:
            assert select.select([end], [], [], 10)[0]
    finally:
        for end in ends:
            os.close(end)


def _runs_sphinx(pid: str) -> bool:
    return b"sphinx" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
