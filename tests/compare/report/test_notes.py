"""What stands below a comparison on standard error: what could not be seen, once each, as wide as a terminal."""

from __future__ import annotations

import pytest

from compare.report.terminal.live import Screen
from compare.results import Observation, Run

AWAY = "the whole of some waits: others used the processors, and the observer was kept from looking for a while"


def row(*missing: str) -> Run:
    seen = Observation((), None, (), 1, 10.0, missing)
    return Run("file", {"state": "warm"}, "blocking", None, None, {}, "ok", observation=seen)


RUNS = (row(AWAY, "32,768 of the agent's notes"), row("98,304 of the agent's notes"), row(AWAY), row())


def test_what_differs_in_its_numbers_alone_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().tell_notes(RUNS)
    assert capsys.readouterr().err.splitlines() == [
        f"note: not seen in 2 of 4 rows: {AWAY}",
        "note: not seen in 2 of 4 rows, for example: 32,768 of the agent's notes",
    ]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_on_a_terminal_no_line_is_wider(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, as far as rich knows
    monkeypatch.setenv("COLUMNS", str(width))
    Screen().tell_notes(RUNS)
    said = capsys.readouterr().err
    assert max(map(len, said.splitlines())) <= width
    assert AWAY in " ".join(said.split())
