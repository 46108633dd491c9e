"""Recordings are made again where the code has changed, kept where it has not, and dropped with their recipe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from docs import record
from docs._ext import recordings

CODE = "import os\n\n\ndef read() -> None:\n    os.getpid()\n"


def recording(text: str, missing: int = 0) -> dict[str, Any]:
    kinds, threads = [[0, "read", None, 0]], [{"role": "main", "name": "MainThread", "title": "main", "spans": [9, 0]}]
    run = {"name": "blocking", "us": 9, "sites": [[0, 5, "read"]], "kinds": kinds, "threads": threads, "files": [0]}
    file = {"name": "recipes/file_read/blocking.py", "parts": [[1, text.rstrip("\n")]]}
    return {"command": [], "files": [file], "runs": [run | {"missing": ["something"] * missing}]}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one recipe, and a folder for recordings."""
    for module in (record, recordings):
        monkeypatch.setattr(module, "ROOT", tmp_path)
        monkeypatch.setattr(module, "RECORDINGS", tmp_path)
    (tmp_path / "recipes" / "file_read").mkdir(parents=True)
    (tmp_path / "recipes" / "file_read" / "blocking.py").write_text(CODE, "utf-8")
    return tmp_path / "file-slow-blocking.json"


def recorder(*told: dict[str, Any]) -> tuple[list[list[str]], record.Run]:
    """Stands for the command: writes each in its turn, and keeps what it was called with."""
    called: list[list[str]] = []

    def run(words: list[str]) -> str:
        Path(words[words.index("--recording") + 1]).write_text(json.dumps(told[len(called)]), "utf-8")
        called.append(words)
        return ""

    return called, run


def test_what_is_as_it_was_is_kept(kept: Path) -> None:
    kept.write_text(json.dumps(recording(CODE)), "utf-8")
    called, run = recorder()
    record.changed(run, str)
    assert called == []


def test_what_lacks_something_is_stale_though_its_code_is_as_it_was(kept: Path) -> None:
    kept.write_text(json.dumps(recording(CODE, 1)), "utf-8")
    called, run = recorder(recording(CODE, 0))
    record.changed(run, str)
    assert called == []
    record.stale(run, str)
    assert len(called) == 1
    assert json.loads(kept.read_text("utf-8"))["runs"][0]["missing"] == []


def test_what_a_page_plays_besides_is_stale_while_it_is_not_there(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "ALSO", {"file-slow": frozenset({"blocking"})})
    called, run = recorder(recording(CODE))
    record.stale(run, str)
    record.stale(run, str)
    assert len(called) == 1
    assert recordings.is_current(json.loads(kept.read_text("utf-8")))


def test_what_has_changed_is_recorded_again_until_all_was_seen(kept: Path) -> None:
    kept.write_text(json.dumps(recording("import sys\n")), "utf-8")
    called, run = recorder(recording(CODE, 2), recording(CODE, 0))
    record.changed(run, str)
    told = json.loads(kept.read_text("utf-8"))
    assert told["runs"][0]["missing"] == []
    assert told["command"] == ["python", "-m", "compare", "file", "--state", "slow", "--only", "blocking"]
    assert len(called) == 2
    assert recordings.is_current(told)


def test_of_tries_that_all_lack_something_the_best_is_kept(kept: Path) -> None:
    kept.write_text(json.dumps(recording("import sys\n")), "utf-8")
    called, run = recorder(recording(CODE, 2), recording(CODE, 1), recording(CODE, 3))
    record.changed(run, str)
    assert len(json.loads(kept.read_text("utf-8"))["runs"][0]["missing"]) == 1
    assert len(called) == record.TRIES


def test_a_recording_goes_with_its_recipe(kept: Path) -> None:
    kept.write_text(json.dumps(recording(CODE)), "utf-8")
    (kept.parent / "recipes" / "file_read" / "blocking.py").unlink()
    record.changed(recorder()[1], str)
    assert not kept.exists()


def test_a_recipe_that_no_thread_stood_in_is_shown_all_the_same(kept: Path) -> None:
    path = kept.parent / "recipes" / "file_read" / "blocking.py"
    bare = recording(CODE) | {"files": []}
    bare["runs"][0] |= {"sites": [], "kinds": [[0, "read", None, -1]], "files": []}
    told = record.with_code(bare, path)
    assert told["files"] == [{"name": "recipes/file_read/blocking.py", "parts": [[1, CODE.rstrip("\n")]]}]
    assert (told["runs"][0]["files"], recordings.stands(told)) == ([0], 0)
    assert recordings.stands(recording(CODE)) == 1


def test_a_page_shows_where_threads_wait_rather_than_where_they_only_run(kept: Path) -> None:
    runs, waits = ({"states": [["state", 1, "solid", wait]]} for wait in (False, True))
    kept.write_text(json.dumps(recording(CODE) | runs), "utf-8")
    cold = kept.with_name("file-cold-blocking.json")
    cold.write_text(json.dumps(recording(CODE) | runs), "utf-8")
    found = recordings.recording_of("file_read", "blocking")
    assert found is not None
    assert found[0] == "file-slow"
    cold.write_text(json.dumps(recording(CODE) | waits), "utf-8")
    found = recordings.recording_of("file_read", "blocking")
    assert found is not None
    assert found[0] == "file-cold"
