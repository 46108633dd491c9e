"""What the tests of the docs share: the site, built once for all of them, and the blocks of code in its pages."""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from docs.__main__ import end_with_starter

ROOT = Path(__file__).resolve().parent.parent.parent


class Block(NamedTuple):
    """A fenced block of a page: the page's name, the language, the text."""

    page: str
    language: str
    text: str

    def __str__(self) -> str:
        first = self.text.strip().splitlines()[0] if self.text.strip() else "empty"
        return f"{self.page}: {self.language}: {first}"


def _pages() -> list[Path]:
    """Every page that a person wrote; those of the recipes are made by a pattern: see test_recipe_pages."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def _blocks() -> list[Block]:
    """The fenced blocks of all pages; those of directives have braces around their name, and are left out."""
    fence = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
    return [
        Block(path.name, match[1], match[2]) for path in _pages() for match in fence.finditer(path.read_text("utf-8"))
    ]


def _commands() -> list[str]:
    """What the pages tell the reader to type, and what they show the output of, each once."""
    lines = (line for block in _blocks() if block.language == "console" for line in block.text.splitlines())
    typed = {part for line in lines if line.startswith("$ ") for part in line.removeprefix("$ ").split(" && ")}
    shown = re.compile(r"^```\{transcript\} (.+)$", re.MULTILINE)
    return sorted(typed.union(*(shown.findall(path.read_text("utf-8")) for path in _pages())))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give `command` and `block` their values: one test for each thing that a page shows."""
    if "command" in metafunc.fixturenames:
        metafunc.parametrize("command", _commands())
    if "block" in metafunc.fixturenames:
        shown = [block for block in _blocks() if block.language != "console"]
        metafunc.parametrize("block", shown, ids=[str(block) for block in shown])


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def hand_written() -> list[Path]:
    """Every page that a person wrote."""
    return _pages()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both languages, built by the one command; under xdist one worker builds, the others wait for it."""
    pytest.importorskip("furo", reason="the docs need their extra: pip install -e '.[docs]'")
    shared = tmp_path_factory.getbasetemp()
    if shared.name.startswith("popen-"):
        shared = shared.parent
    target, done = shared / "site" / "html", shared / "site.done"
    with (shared / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(target, ignore_errors=True)
            command = [sys.executable, "-m", "docs", "--target", str(target)]
            built = subprocess.run(
                command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False, preexec_fn=end_with_starter
            )
            assert built.returncode == 0, built.stdout + built.stderr
            done.touch()
    return target
