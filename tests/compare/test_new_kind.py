"""A kind is one folder of recipes and one package; nothing else is touched for it to be listed, compared and told."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from compare.report.data.json import schema

ROOT = Path(__file__).parents[2]
TOY = Path(__file__).parent / "toy"
COPIED = ("async_io_cookbook", "benchmarks", "compare", "docs", "recipes", "README.md")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with a kind more."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("_build", "__pycache__", "svg"))
        else:
            shutil.copy(source, folder)
    shutil.copytree(TOY, folder, dirs_exist_ok=True)
    return folder


def run(folder: Path, *arguments: str, seconds: float = 50) -> str:
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "PYTHONPATH")}
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env={**kept, "COLUMNS": "120", "TERM": "dumb"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_two_things() -> None:
    assert sorted(path.relative_to(TOY).as_posix() for path in TOY.glob("*/*")) == ["compare/scenarios", "recipes/naps"]
    assert [path.name for path in (TOY / "compare/scenarios").iterdir()] == ["nap"]


def test_it_is_listed_and_told_of(checkout: Path) -> None:
    assert "nap: Sleeping\n  plain_sleep  The thread itself sleeps." in run(checkout, "compare", "list")
    assert "$ python -m compare nap --seconds 0.1" in run(checkout, "compare", "--help")
    assert "your own nap(seconds)" in " ".join(run(checkout, "compare", "nap", "--help").split())


def test_it_is_compared_and_told_in_every_form(checkout: Path, tmp_path: Path) -> None:
    files = {name: tmp_path / f"nap.{name}" for name in ("json", "csv", "html", "trace")}
    asked = [word for name, path in files.items() for word in (f"--{name}", str(path))]
    printed = run(checkout, "compare", "nap", *asked)
    assert "nap: 0.02 s" in printed
    assert "plain_sleep" in printed
    told = json.loads(files["json"].read_text())
    jsonschema.Draft202012Validator(schema()).validate(told)
    [row] = told["runs"]
    assert (row["scenario"], row["variant"], row["outcome"]) == ("nap", "plain_sleep", "ok")
    assert row["seconds"]["median"] >= 0.02
    [line] = csv.DictReader(files["csv"].read_text().splitlines())
    assert (line["scenario"], line["variant"], line["workload_seconds"]) == ("nap", "plain_sleep", "0.02")
    assert "plain_sleep" in files["html"].read_text()


@pytest.mark.timeout(300)
def test_it_is_documented(checkout: Path) -> None:
    pytest.importorskip("furo", reason="the docs need their extra: pip install -e '.[docs]'")
    measured = checkout / "docs" / "measured" / "nap-short.json"
    measured.write_text(run(checkout, "compare", "nap", "--json", "-"))
    built = checkout / "built"
    arguments = ("-b", "html", "-n", "-W", "-q", str(checkout / "docs"), str(built))
    run(checkout, "sphinx", *arguments, seconds=280)
    page = re.sub("<[^>]*>", "", (built / "recipes" / "naps" / "plain_sleep.html").read_text())
    assert "too late" in page
    assert "python -m compare nap --only plain_sleep" in page
    assert "Sleeping" in (built / "recipes" / "index.html").read_text()
