"""Arguments, and mistakes in them: one line, what was expected, what came, exit status 2."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from compare import catalogue
from compare.command import arguments as known

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def read(scenario: str, *arguments: str) -> argparse.Namespace:
    return known.comparison(catalogue.scenario_of(scenario)).read(arguments)


ROOT = Path(__file__).parents[2]


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as caught:
        read(*arguments)
    assert caught.value.code == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("compare: ")
    assert complaint.count("\n") == 1
    return complaint


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["file", "--files", "0"], "must be 1 or more, not 0"),
        (["file", "--files", "many"], "must be 1 or more, not many"),
        (["file", "--size", "3 parsecs"], "must be a number of bytes"),
        (["file", "--size", "0"], "must be a number of bytes"),
        (["file", "--size", "1.5"], "must be a number of bytes"),
        (["file", "--state", "warm,hot"], "must be warm, cold or slow, not hot"),
        (["file", "--delay", "-1"], "must be 0 or more, not -1"),
        (["file", "--repeat", "1.5"], "must be 1 or more, not 1.5"),
        (["file", "--timeout", "0"], "must be 0.01 or more, not 0"),
        (["file", "--timeout", "inf"], "must be 0.01 or more, not inf"),
        (["file", "--backend", "curio"], "invalid choice: 'curio'"),
        (["file", "--clients", "3"], "unrecognized arguments: --clients"),
        (["file", "--time", "3"], "unrecognized arguments: --time"),
        (["net", "--load", "lazy"], "must be busy or hold, not lazy"),
        (["net", "--clients", "0"], "must be 1 or more, not 0"),
        (["net", "--malloc", "tc"], "invalid choice: 'tc'"),
        (["pipes", "--load", "few"], "must be many, stderr or bulk, not few"),
        (["pipes", "--children", "0"], "must be 1 or more, not 0"),
    ],
)
def test_a_mistake_is_told_in_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], told: str) -> None:
    assert told in refused(capsys, *arguments)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1", 1),
        ("4096", 4096),
        ("64KiB", 65536),
        ("64kib", 65536),
        ("1.5 MiB", 3 * 2**19),
        ("2k", 2048),
        ("3kB", 3000),
        ("7B", 7),
    ],
)
def test_sizes(text: str, count: int) -> None:
    assert read("file", "--size", text).size == count


def test_states_add_up() -> None:
    assert read("file", "--state", "cold,slow", "--state", "warm").state == [
        ["cold", "slow"],
        ["warm"],
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["fiel"], "there is no command fiel; did you mean file?"),
        (["fly"], f"there is no command fly: expected {', '.join(catalogue.names())}, list, script, claims"),
        (
            ["file", "--fils", "3"],
            "unrecognized arguments: --fils; did you mean --files? python -m",
        ),
        (["list", "nte"], "invalid choice: 'nte'"),
        (["file", "--only", "blockng"], "did you mean blocking?"),
        (["file", "blokcing"], "a recipe is named after --only; did you mean blocking?"),
        (["file", "--only", "xyzzy"], "python -m compare list"),
        (["file", "--backend", "trio", "--only", "blocking"], "nothing to compare"),
        (["file", "nowhere.at.all:go"], "can't find 'nowhere.at.all'"),
        (["file", "--json", "no/such/folder/x.json"], "there is no directory no/such/folder"),
        (["file", "--html", "."], "it is a directory"),
        (["file", "--path", "no-such-file"], "--path no-such-file: No such file or directory"),
        (["file", "--path", "/"], "--path /: expected a regular file"),
    ],
)
def test_a_mistake_that_shows_later(
    run_compare: Callable[..., subprocess.CompletedProcess[str]], arguments: list[str], told: str
) -> None:
    done = run_compare(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert done.stderr.startswith("compare: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["--help"], *([name, "--help"] for name in catalogue.names())])
def test_help(run_compare: Callable[..., subprocess.CompletedProcess[str]], arguments: list[str]) -> None:
    done = run_compare(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Exit status" in done.stdout


def test_the_help_has_an_example_of_each_command(
    run_compare: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    shown = run_compare().stdout
    for name, (does, example) in known.commands().items():
        assert does in shown
        assert example.split()[0] == name
        assert f"$ python -m compare {example}" in shown


def test_the_examples_are_read() -> None:
    for scenario in catalogue.scenarios():
        name, *rest = scenario.example.replace("'", "").split()
        assert read(name, *rest)


def test_the_version_is_that_of_the_distribution(
    run_compare: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    assert run_compare("--version").stdout == f"compare {importlib.metadata.version('async-io-cookbook')}\n"


def test_help_comes_at_once() -> None:
    """It imports no event loop, nothing that draws, and no part of a comparison."""
    code = "import sys; from compare.__main__ import main; main(['--help']); print([*sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    loaded = done.stdout.splitlines()[-1]
    for slow in ("asyncio", "rich", "selectors", "importlib.metadata", "compare.scenarios.file.comparison"):
        assert f"'{slow}'" not in loaded
