"""Every recipe is a program too: `python -m recipes.file_read.NAME PATH …`."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from compare.catalogue import Variant
    from tests.recipes.file_read.conftest import Reader

ROOT = Path(__file__).resolve().parents[3]


def _once(variant: Variant) -> bool:
    """One backend of each: a program has its own."""
    return variant.backend in {None, "asyncio"} or variant.name.startswith("trio")


def _run(name: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", f"recipes.file_read.{name}", *map(str, paths)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_prints_names_and_sizes(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "file"
    if reader.states == ("slow",):
        os.mkfifo(path)
        with subprocess.Popen(["sh", "-c", 'printf content > "$0"', path]):
            done = _run(reader.name, path)
    else:
        path.write_bytes(b"content")
        done = _run(reader.name, path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}: 7 bytes\n", "")


def test_says_in_one_line_what_is_missing(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = f"{reader.name}.py: can't read {tmp_path / 'missing'}: No such file or directory\n"
    if hasattr(reader.module, "multiprocessing"):  # its processes import the program that it is
        done = _run(reader.name, tmp_path / "missing")
        assert (done.returncode, done.stdout, done.stderr) == (2, "", expected)
    else:
        assert _fails(reader, monkeypatch, capsys, str(tmp_path / "missing")) == expected


def test_wants_a_path(reader: Reader, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    said = _fails(reader, monkeypatch, capsys)
    assert said.count("\n") == 1
    assert "expected the PATH of at least one file" in said


def _fails(reader: Reader, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    monkeypatch.setattr(sys, "argv", [str(reader.path), *arguments])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(reader.path), run_name="__main__")
    assert caught.value.code == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    return streams.err


def test_says_where_it_blocks_and_when_to_use_it(reader: Reader) -> None:
    assert reader.module.__doc__
    assert reader.module.__doc__.partition("\n")[0].endswith((".", "`."))
    assert "**Where it still blocks:**" in reader.module.__doc__
    assert "**Use it when**" in reader.module.__doc__


test_prints_names_and_sizes.only = _once  # type: ignore[attr-defined]
test_says_in_one_line_what_is_missing.only = _once  # type: ignore[attr-defined]
test_wants_a_path.only = _once  # type: ignore[attr-defined]
test_says_where_it_blocks_and_when_to_use_it.only = _once  # type: ignore[attr-defined]
