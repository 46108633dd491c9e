"""The seven claims, tried here: each experiment comes to the verdict that the docs tell, and says what it saw."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from compare.command.claims import CannotTryError, Claim, Seen, all_claims, judge

VERDICTS = {"C1": "true", "C2": "true", "C3": "true", "C4": "false", "C5": "true", "C6": "true", "C7": "false"}
ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("claim", all_claims(), ids=lambda claim: claim.id)
def test_the_experiment_comes_to_the_verdict_of_the_docs(claim: Claim) -> None:
    verdict = judge(claim)
    if verdict.verdict == "can't be tried here":
        assert not sys.platform.startswith("linux"), verdict.figure
        pytest.skip(verdict.figure)
    assert verdict.verdict == VERDICTS[claim.id], verdict.figure


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the experiment reads /proc")
def test_a_reader_that_ends_early_is_told_with_its_own_error(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("urio", reason="urio is in the extra named uring")
    monkeypatch.setenv("URIO_BACKEND", "thread")  # as where io_uring is forbidden: it can't read a FIFO then
    figure = judge(next(claim for claim in all_claims() if claim.id == "C7")).figure
    assert "its reader ended early: Illegal seek" in figure


def test_what_a_machine_cannot_show_is_said_with_its_reason() -> None:
    def experiment() -> Seen:
        message = "there is no such thing"
        raise CannotTryError(message)

    verdict = judge(Claim("C0", "a claim", experiment))
    assert verdict.verdict == "can't be tried here"
    assert verdict.figure == "because there is no such thing"


def test_the_command_prints_and_writes_what_it_found(tmp_path: Path) -> None:
    target = tmp_path / "claims.json"
    command = [sys.executable, "-m", "compare", "claims", "--only", "C5", "--json", str(target)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("C5  nonblocking I/O and multiplexing solve only network I/O\n    ")
    [claim] = json.loads(target.read_text())["claims"]
    assert claim["id"] == "C5"
    assert claim["figure"]


def test_a_file_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "compare",
        "claims",
        "--only",
        "C5",
        "--json",
        str(tmp_path / "no" / "claims.json"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("can't write")
    assert "Traceback" not in done.stderr
