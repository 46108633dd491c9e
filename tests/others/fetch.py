"""Fetches a suite's sources and makes it an environment of its own, both kept in a folder of the user's."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.others.suites import Suite

ROOT = Path(__file__).parents[2]


class NoTestsError(Exception):
    """A suite can't be had; the message is one line."""


def place(suite: Suite, scratch: Path) -> tuple[Path, Path]:
    """Return a Python that can run a suite, ours beside it, and the folder to run it in.

    Raises:
        NoTestsError: its sources, or what it needs, can't be had.
    """
    home = scratch / f"{suite.name}-{sys.version_info.major}.{sys.version_info.minor}"
    folder = home / suite.folder if suite.folder is not None else _sources(suite.name, home)
    folder.mkdir(parents=True, exist_ok=True)
    if suite.folder is not None and not suite.needs:
        return Path(sys.executable), folder
    return _environment(suite, home, folder), folder


def lacking(suite: Suite) -> tuple[str, ...]:
    """Which of CPython's tests this Python was installed without: 3.11.7 forgets a folder, Debian packs all apart."""
    named = [argument for argument in suite.arguments if argument.startswith("test_")] if suite.is_cpythons else []
    return tuple(name for name in named if not _is_there(f"test.{name}"))


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # not even what it is in
        return False


def _sources(name: str, home: Path) -> Path:
    unpacked = home / "sources"
    if not unpacked.exists():
        archives = home / "archives"
        _pip(Path(sys.executable), "download", "--no-deps", "--no-binary", name, "-d", str(archives), name)
        (archive,) = [path for path in archives.iterdir() if path.name.endswith(".tar.gz")]
        with tarfile.open(archive) as opened:
            opened.extractall(unpacked, filter="data")
    (folder,) = unpacked.iterdir()
    return folder


def _environment(suite: Suite, home: Path, folder: Path) -> Path:
    python = home / "env" / "bin" / "python"
    if not (home / "complete").exists():
        shutil.rmtree(home / "env", ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(home / "env")], check=True)
        version = folder.name.removeprefix(f"{suite.name}-")
        own = [f"{suite.name}=={version}"] if suite.folder is None else []
        _pip(python, "install", *own, *suite.needs, str(ROOT))
        (home / "complete").touch()
    _pip(python, "install", "--no-deps", "--force-reinstall", str(ROOT))  # ours as it is now
    return python


def _pip(python: Path, *arguments: str) -> None:
    done = subprocess.run(
        [str(python), "-m", "pip", "-q", "--disable-pip-version-check", *arguments],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr.strip()]
        message = f"pip {arguments[0]}: {said[0]}"
        raise NoTestsError(message)
