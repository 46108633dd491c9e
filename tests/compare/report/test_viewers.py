"""What the viewers' own code makes of our files: speedscope's page in a browser, and the Firefox Profiler's in node.

A known program waits for 300 ms in one call; each viewer must show that call innermost, and that long.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests import browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(150)]

SPEEDSCOPE = "speedscope@1.25.0"
FIREFOX = "@firefox-devtools/profiler-cli@0.10.0"
INSTALL_S = 60
LOADS = 6
"""How often its daemon is started: it gives that half a second, which is too short on a machine that others use."""
PROGRAM = """
import asyncio
import time


def waits():
    time.sleep(0.3)


async def main():
    await asyncio.sleep(0.05)
    waits()


asyncio.run(main())
"""


@dataclass(frozen=True)
class Recorded:
    """The files of one run, and what the same run's JSON says of the wait, in milliseconds."""

    speedscope: Path
    firefox: Path
    total_ms: float


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("recorded")
    folder.joinpath("app.py").write_text(PROGRAM)
    files = ["--speedscope", "s.json", "--firefox", "f.json", "--json", "j.json"]
    command = [sys.executable, "-m", "compare", "script", *files, "app.py"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=50)
    findings = json.loads(folder.joinpath("j.json").read_text())["runs"][0]["findings"]
    (found,) = [each for each in findings if each["call"] == "clock_nanosleep"]
    assert 290 <= found["total_ms"] <= 3000
    return Recorded(folder / "s.json", folder / "f.json", found["total_ms"])


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Installs a package of npm's into a folder of its own, and returns where its packages lie."""

    def install(package: str) -> Path:
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None:
            pytest.skip("no node and npm here: apt-get install nodejs npm")
        folder = tmp_path_factory.mktemp("npm")
        command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), package]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm did not install {package} within {INSTALL_S} s")
        if done.returncode:
            pytest.skip(f"npm can't install {package}: {done.stderr.strip().splitlines()[-1:]}")
        return folder / "node_modules"

    return install


@pytest.fixture(scope="module")
def profiler(
    installed: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory, recorded: Recorded
) -> Iterator[Callable[..., str]]:
    """The Firefox Profiler's command, with our file loaded."""
    command = installed(FIREFOX) / ".bin" / "profiler-cli"
    environment = os.environ | {"PROFILER_CLI_SESSION_DIR": str(tmp_path_factory.mktemp("sessions")), "NO_COLOR": "1"}

    def said(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [command, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    def run(*arguments: str) -> str:
        done = said(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    try:
        for _ in range(LOADS):
            done = said("load", str(recorded.firefox))
            slow = re.search(r"daemon may still be running as pid (\d+)", done.stderr)
            if slow is None:
                break
            os.kill(int(slow[1]), signal.SIGKILL)
        else:
            pytest.skip(f"its daemon is given half a second to start, in which it did not in {LOADS} tries")
        assert done.returncode == 0, done.stdout + done.stderr
        yield run
    finally:
        run("stop", "--all")


def test_firefox_shows_the_call_innermost(profiler: Callable[..., str]) -> None:
    lines = profiler("thread", "samples-bottom-up", "--include-idle").splitlines()
    tree = [line for line in lines if "total:" in line]
    names = [re.sub(r"^\W*f-\d+\. | \[.*", "", line) for line in tree]
    assert names[:3] == ["clock_nanosleep", "waits", "main"]
    assert "[total: 100.0%, self: 100.0%]" in tree[0]


def test_firefox_has_a_marker_as_long_as_the_wait(profiler: Callable[..., str], recorded: Recorded) -> None:
    (line,) = [line for line in profiler("thread", "markers", "--list").splitlines() if "clock_nanosleep" in line]
    shown = re.search(r"(\d[\d.,]*)(ms|s)\s+✗", line)
    assert shown is not None, line
    assert float(shown[1]) * (1000 if shown[2] == "s" else 1) == pytest.approx(recorded.total_ms, rel=0.02)


class Speedscope(browser.Page):
    """Opens a profile as speedscope's own command does: by a script that is named behind the `#`."""

    def __init__(self, chromium: Any, index: Path, profile: Path) -> None:
        data = base64.b64encode(profile.read_bytes()).decode()
        script = profile.with_suffix(".js")
        script.write_text(f"speedscope.loadFileFromBase64('profile.json', '{data}')")
        self.browser = chromium
        chromium.get(f"{index.as_uri()}#localProfilePath={script}")

    def sandwich(self) -> dict[str, tuple[str, str]]:
        """The table of functions: what each took, in all and by itself."""
        assert self.until("document.body.innerText.includes('Sandwich')")
        self.run("[...document.querySelectorAll('*')].filter(e => /Sandwich$/.test(e.innerText)).pop().click()")
        rows = "[...document.querySelectorAll('tr')].map(row => row.innerText)"
        assert self.until(f"{rows}.length > 1")
        cells = [[cell.strip() for cell in row.split("\t")] for row in self.run(f"return {rows}")]
        return {name: (total, own) for total, own, name in cells[1:]}


def test_speedscope_shows_the_call_and_its_weight(
    installed: Callable[[str], Path], recorded: Recorded, chromium: Any
) -> None:
    index = installed(SPEEDSCOPE) / "speedscope" / "dist" / "release" / "index.html"
    table = Speedscope(chromium, index, recorded.speedscope).sandwich()
    assert {"clock_nanosleep", "waits", "main"} <= table.keys()
    for shown in (*table["clock_nanosleep"], table["waits"][0]):
        weight = re.fullmatch(r"([\d.]+)(ms|s) \(100%\)", shown)
        assert weight is not None, table
        assert float(weight[1]) * (1000 if weight[2] == "s" else 1) == pytest.approx(
            recorded.total_ms, abs=0.1, rel=0.01
        )
    assert table["waits"][1].startswith("0")
