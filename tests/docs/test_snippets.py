"""Every block of code that is no command is run, or read by what it is written for."""

from __future__ import annotations

import configparser
import json
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def test_the_block_is_what_it_says(block: Any, tmp_path: Path) -> None:
    match block.language:
        case "python":
            command = [sys.executable, "-W", "error", "-c", block.text]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=150, check=False)
            assert done.returncode == 0, done.stderr
        case "json":
            json.loads(block.text)
        case "toml":
            tomllib.loads(block.text)
        case "ini":
            configparser.ConfigParser().read_string(block.text)
        case "yaml":
            assert pytest.importorskip("yaml").safe_load(block.text)
        case "text":
            assert block.text.strip()
        case other:
            pytest.fail(f"nothing here runs a block of {other!r}: teach this test how, or use another language")


def test_the_examples_are_shown(root: Path) -> None:
    text = "\n".join(path.read_text("utf-8") for path in (root / "docs").glob("*.md"))
    unused = [path.name for path in (root / "docs" / "examples").glob("*.py") if f"examples/{path.name}" not in text]
    assert not unused
