"""A program gets the interpreter's options, the environment and the descriptors that it would get without us."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from compare.command import output
from compare.scenarios.script import inherited, program

if TYPE_CHECKING:
    from collections.abc import Sequence

SEEN = """
import os, subprocess, sys
opened = os.open(os.devnull, os.O_RDONLY)
own = {name: value for name, value in os.environ.items() if name not in ("_", "SHLVL")}
child = subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True)
print(opened, own, sys.path, sys.flags, sys._xoptions, sys.warnoptions, sys.argv, child)
raise SystemExit(7)
"""
ROOT = str(Path(__file__).parents[2])


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("python -m compare script", ""),
        ("python -X dev -Werror -bB -m compare script -X", "-X dev -Werror -bB"),
        ("python -W ignore::m:c -Im compare script", "-W ignore::m:c -I"),
        ("python -bX utf8 -O --check-hash-based-pycs always -c code -v", "-bX utf8 -O --check-hash-based-pycs always"),
        ("python -Xfrozen_X -u script -B", "-Xfrozen_X -u"),
        ("python", ""),
        ("python -", ""),
        ("python -q -- script", "-q"),
    ],
)
def test_what_is_said_to_the_interpreter(line: str, options: str) -> None:
    assert inherited.options(line.split()) == options.split()


def _seen(
    options: Sequence[str], path: Path, shell: str, env: dict[str, str]
) -> list[subprocess.CompletedProcess[str]]:
    """Run a program plain, and observed."""
    (path / "program.py").write_text(SEEN)
    code = ["-c", f"import sys; sys.path.insert(0, {ROOT!r}); from compare.__main__ import main; sys.exit(main())"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LC_", "LANG"))}
    return [
        subprocess.run(
            ["sh", "-c", f'{shell}; "$@"', "sh", sys.executable, *options, *ours, "--", str(path / "program.py")],
            cwd=path, env=kept | env, capture_output=True, text=True, timeout=100, check=False,
        )
        for ours in ([], [*code, "script"])
    ]  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="what it asks of the shell, and who waits for signals, is Linux's")
@pytest.mark.parametrize(
    ("options", "shell", "env"),
    [
        (["-I"], "ulimit -n 40", {}),
        (["-W", "ignore"], "exec 2>&-", {"LC_ALL": "C", "PYTHONPATH": "", "PYTHONDEVMODE": "1"}),
    ],
)
def test_what_a_program_sees(options: list[str], shell: str, env: dict[str, str], tmp_path: Path) -> None:
    plain, ours = _seen(options, tmp_path, shell, env)
    assert plain.returncode == 7
    assert (ours.returncode, ours.stdout) == (plain.returncode, plain.stdout)
    if options == ["-I"]:
        assert "with -I, -E or -S" in " ".join(ours.stderr.split())


def test_a_program_on_standard_input() -> None:
    assert program.command_line(["-", "a"])[-2:] == ["-", "a"]


def test_nothing_is_told_where_standard_error_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert output.complain("said to nobody") == 2
    assert output.screen(sys.stderr).columns > 0
