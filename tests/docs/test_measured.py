"""What the pages show as measured: made by a command that exists, about recipes that exist, and there."""

from __future__ import annotations

import importlib
import json
import re
import xml.etree.ElementTree as ET
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from compare import catalogue
from compare.command import arguments
from compare.command.claims import all_claims
from compare.report.data.json import from_json, schema, to_json
from compare.report.watch.log import line
from compare.results import Finding, Stall
from docs import measure
from docs._ext.measured_data import MAIN, folder_of, other_pythons, transcripts
from docs.measure import BENCHMARKS, CASES, MEASURED, PICTURED, PICTURES, SHOWN, TRANSCRIPTS, Machine

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def asked(hand_written: list[Path]) -> dict[str, set[str]]:
    """What the pages ask for, by directive."""
    found: dict[str, set[str]] = {}
    for path in hand_written:
        for name, argument in re.findall(r"^```\{([\w-]+)\} (.+)$", path.read_text("utf-8"), re.MULTILINE):
            found.setdefault(name, set()).add(argument)
        found.setdefault("picture", set()).update(
            re.findall(r"^:picture: (.+)$", path.read_text("utf-8"), re.MULTILINE)
        )
    return found


def test_all_that_the_pages_ask_for_can_be_made(asked: dict[str, set[str]]) -> None:
    assert asked["measured"] <= set(CASES)
    assert asked["benchmark"] == set(BENCHMARKS.values())
    assert asked["picture"] == set(PICTURES)
    assert asked["transcript"] <= set(TRANSCRIPTS)
    assert asked["claim"] == {claim.id for claim in all_claims()}


def test_all_that_the_pages_ask_for_is_there(asked: dict[str, set[str]]) -> None:
    missing = [name for name in (*asked["measured"], *PICTURED) if not (MEASURED / f"{name}.json").is_file()]
    missing += [name for name in BENCHMARKS if not (MEASURED / f"{name}.json").is_file()]
    missing += [name for name in asked["picture"] if not (MEASURED / "svg" / f"{name}.svg").is_file()]
    missing += sorted(asked["transcript"] - set(transcripts()))
    assert not missing, "python -m docs.measure makes them"


def test_the_recipes_that_are_shown_exist(root: Path, hand_written: list[Path]) -> None:
    text = "\n".join(path.read_text("utf-8") for path in hand_written)
    named = {name for line in re.findall(r"^:variants: (.+)$", text, re.MULTILINE) for name in line.split()}
    named |= {name for recipes in SHOWN.values() for name in recipes.split()}
    named |= {name for _, recipes in PICTURES.values() for name in recipes.split()}
    on_disk = {path.stem for each in catalogue.scenarios() for path in (root / "recipes" / each.folder).glob("*.py")}
    assert named <= on_disk


@pytest.mark.parametrize("name", CASES)
def test_the_command_of_a_case_is_one_that_compare_knows(name: str) -> None:
    words = [*CASES[name].split(), *(["--only", *SHOWN[name].split()] if name in SHOWN else [])]
    assert arguments.comparison(catalogue.scenario_of(words[0])).read(words[1:])


@pytest.mark.parametrize("name", BENCHMARKS)
def test_measured_benchmarks_are_as_their_description_says(name: str, root: Path) -> None:
    told = json.loads((MEASURED / f"{name}.json").read_text("utf-8"))
    assert told["command"][:4] == ["python", "-m", "benchmarks", told["benchmark"]]
    described = (root / "benchmarks" / "README.md").read_text("utf-8").partition("## The JSON")[2]
    for row in told["rows"]:
        assert set(row) <= set(re.findall(r"`(\w+)`", described))
        for median, prefix in (("median", ""), ("limit_ratio", "limit_"), ("peer_ratio", "peer_")):
            figures = [row[f"{prefix}low"], row[median], row[f"{prefix}high"]]
            assert figures == [None] * 3 or figures == sorted(figures)
        assert (row["goal"] is None) == (row["met"] is None)


SLOWER = {
    "work": "lines",
    "name": "mine",
    "kind": "ours",
    "unit": "µs a line",
    "median": 0.5,
    "low": 0.25,
    "high": 0.75,
    "limit_ratio": 0.5,
    "limit_low": 0.25,
    "limit_high": 0.75,
    "peer_ratio": 20.0,
    "peer_low": 19.0,
    "peer_high": 21.0,
    "goal": "goal ≥ 0.95 of a loop: 0.50 [0.25–0.75]",
    "met": False,
    "note": None,
}

TWO_GOALS = "goal ≥ 0.90 of C: 0.80 [0.72–0.88]; goal ≥ 0.90 of nginx, one worker: 1.00 [0.99–1.12]"


@pytest.mark.parametrize(
    ("goal", "met", "expected"),
    [
        pytest.param("goal ≤ 5.00 ms stall: 0.20 [0.15–0.39]", True, [(True, False)], id="met"),
        pytest.param("goal ≤ 5.00 ms stall: 4.20 [3.00–5.39]", True, [(True, True)], id="close"),
        pytest.param("goal ≥ 0.95 of a loop: 0.95 [0.94–0.97]", False, [(False, True)], id="rounded"),
        pytest.param(TWO_GOALS, False, [(False, False), (True, False)], id="two"),
        pytest.param("goal ≥ 0.95 of a loop: nothing to compare with", False, [], id="unknown"),
        pytest.param(None, None, [], id="none"),
    ],
)
def test_goals_are_told_by_what_was_seen(goal: str | None, met: object, expected: list[tuple[bool, bool]]) -> None:
    pytest.importorskip("sphinx", reason="the docs need their extra: pip install -e '.[docs]'")
    from docs._ext.goals import goals_of  # noqa: PLC0415  needs sphinx

    assert [(each.met, each.close) for each in goals_of("net", SLOWER | {"goal": goal, "met": met})] == expected


def test_every_goal_of_the_benchmarks_can_be_read() -> None:
    pytest.importorskip("sphinx", reason="the docs need their extra: pip install -e '.[docs]'")
    from docs._ext.goals import goals_of  # noqa: PLC0415  needs sphinx

    rows = [row for name in BENCHMARKS for row in json.loads((MEASURED / f"{name}.json").read_text("utf-8"))["rows"]]
    goals = [row for row in rows if row["goal"] and row["median"] is not None]
    assert len(goals) > 20
    assert [row["goal"] for row in goals if len(list(goals_of("", row))) != row["goal"].count("goal ")] == []
    assert [row["name"] for row in goals if all(goal.met for goal in goals_of("", row)) != row["met"]] == []


def test_each_column_of_the_tables_is_explained(root: Path) -> None:
    told = (root / "docs" / "using-compare.md").read_text("utf-8")
    section = told.partition("## How to read the table")[2].partition("\n## ")[0]
    explained = {
        name for line in re.findall(r"^`.*`$", section, re.MULTILINE) for name in re.findall(r"`([^`]+)`", line)
    }
    shown = {
        column.title
        for each in catalogue.scenarios()
        for workload in each.workloads
        for run in from_json(json.loads((MEASURED / f"{each.name}-{workload}.json").read_text("utf-8"))).runs[:1]
        for column in each.columns(run)
    }
    assert shown - explained == set()


def test_each_field_of_the_json_is_explained(root: Path) -> None:
    told = (root / "docs" / "using-compare.md").read_text("utf-8").partition("### The JSON")[2]
    names = re.findall(r"^\| (`.*?) \|", told, re.MULTILINE)
    explained = set(re.findall(r"`(?:[\w.\[\]]+\.)?(\w+)(?:\[\])?`", " ".join(names)))
    assert {*schema()["properties"], *schema()["$defs"]["run"]["properties"]} - explained == {"runs"}
    assert set(schema()["$defs"]["finding"]["properties"]) - set(re.findall(r"`(\w+)`", told)) == set()


def test_each_field_of_the_log_is_explained(root: Path) -> None:
    stalls = (root / "docs" / "your-service-stalls.md").read_text("utf-8")
    section = stalls.partition("## Keep a log")[2].partition("\n## ")[0]
    found = Finding("loop-thread", None, "MainThread", "loop", "read", None, None, None, 1, 20.0, 20.0)
    assert set(json.loads(line(Stall(0.0, 4711, found)))) - set(re.findall(r"`(\w+)`", section)) == set()


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, "missed: ≥ 0.95 of a loop", id="missed"),
        pytest.param({"met": True}, "met: ≥ 0.95 of a loop", id="met"),
        pytest.param({"goal": None, "met": None}, "", id="none"),
        pytest.param(
            {"goal": "goal ≥ 1 of a: 0.5; goal ≥ 2 of b: 3"}, "not all met: ≥ 1 of a: 0.5; ≥ 2 of b: 3", id="two"
        ),
    ],
)
def test_a_benchmarks_row_says_how_far_to_trust_it(changed: dict[str, object], expected: str) -> None:
    pytest.importorskip("sphinx", reason="the docs need their extra: pip install -e '.[docs]'")
    from docs._ext.benchmark_table import cells  # noqa: PLC0415  needs sphinx

    texts = [cell.text for cell in cells(SLOWER | changed)]
    assert texts == ["0.50 [0.25–0.75] µs a line", "0.50 [0.25–0.75] ?", "20.0 [19.0–21.0]", expected, ""]


MOST_BYTES = 256 * 1024
CASE_FILES = sorted(
    path
    for folder in (MAIN, *other_pythons())
    for path in folder_of(folder).glob("*-*.json")
    if path.stem not in BENCHMARKS
)


@pytest.fixture(scope="module")
def validator() -> Any:
    """Today's schema, itself checked once."""
    made = jsonschema.validators.validator_for(schema())
    made.check_schema(schema())
    return made(schema())


@pytest.mark.parametrize("path", CASE_FILES, ids=lambda path: str(path.relative_to(MEASURED)))
def test_measured_data_is_as_the_schema_says(path: Path, validator: Any) -> None:
    """What was measured with an earlier schema is read, and is then as today's says."""
    told = json.loads(path.read_text("utf-8"))
    lanes = any("lanes" in run for run in told["runs"])
    validator.validate(json.loads(json.dumps(to_json(from_json(told), lanes=lanes))))
    assert any(run["outcome"] == "ok" for run in told["runs"])


def test_measured_data_stays_small() -> None:
    """A server with a thread for each of 5,000 clients waits 5,000 times: no page shows each of them."""
    assert {path.name: size for path in CASE_FILES if (size := path.stat().st_size) > MOST_BYTES} == {}


def test_a_case_that_no_summary_is_made_of_keeps_no_findings() -> None:
    made = {"runs": [{"findings": [{"place": "lock", "stack": [1, 2]}]}]}
    assert measure._shown("file-cold", deepcopy(made))["runs"] == [{"findings": [{"place": "lock", "stack": []}]}]
    assert measure._shown("many-silent", deepcopy(made))["runs"] == [{"findings": []}]


def test_no_row_was_held_for_longer_than_it_lasts() -> None:
    today = schema()["properties"]["schema"]["const"]  # earlier ones told the observed pass in its own time
    told = [json.loads(path.read_text("utf-8")) for path in CASE_FILES]
    seen = [
        (run.variant, run.observation.loop.longest_ms, run.seconds.median * 1000)
        for each in told
        if each["schema"] == today
        for run in from_json(each).runs
        if run.seconds and run.observation and run.observation.loop
    ]
    assert len(seen) > 50
    assert [row for row in seen if row[1] > row[2]] == []


def test_the_figures_of_a_python_lie_in_its_folder() -> None:
    for python in (MAIN, *other_pythons()):
        told = [json.loads(path.read_text("utf-8"))["python"] for path in folder_of(python).glob("*-*.json")]
        assert told, python
        assert {each.rpartition(".")[0] for each in told} == {python}


def test_what_an_earlier_schema_made_is_stale_a_picture_that_cuts_a_word_and_what_commands_print(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(measure, "_schema", lambda path: 0 if path.stem == "file-warm" else 2)
    monkeypatch.setattr(measure, "MEASURED", tmp_path)
    (tmp_path / "svg").mkdir()
    (tmp_path / "svg" / "serve-big-trio_sendfile-trio.svg").write_text("<text>worker Trio thr…</text>", "utf-8")
    (tmp_path / "svg" / "serve-small-trio_sendfile-trio.svg").write_text("<text>worker Trio thread 0</text>", "utf-8")
    assert measure._stale() == ["file-warm", "serve-big", "claims", "transcripts", "tries", "recordings-stale"]


@pytest.mark.parametrize("line", [pytest.param(5, id="as it was"), pytest.param(4, id="moved")])
def test_a_case_that_names_a_line_which_is_another_by_now_is_stale(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: int
) -> None:
    for name, folder in (("MEASURED", tmp_path), ("ROOT", tmp_path)):
        monkeypatch.setattr(measure, name, folder)
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "mine.py").write_text("\n\n\n\n    read()\n", "utf-8")
    site = {"file": "recipes/mine.py", "line": line}
    told = {"runs": [{"findings": [{"site": site, "code": "read()"}, {"site": None, "code": None}]}]}
    (tmp_path / "file-slow.json").write_text(json.dumps(told), "utf-8")
    assert measure._moved("file-slow") == (line != 5)
    assert not measure._moved("file-cold")


def test_nothing_tells_of_the_folders_of_the_machine_that_measured() -> None:
    told = [
        path.name
        for path in MEASURED.rglob("*.*")
        if path.is_file() and re.search(r"/(home|root|Users|work)/", path.read_text("utf-8"))
    ]
    assert not told


def test_paths_are_taken_out() -> None:
    machine = Machine((("/home/me/cookbook/", ""),))
    assert machine.clean("/home/me/cookbook/recipes/x.py:1") == "recipes/x.py:1"
    assert machine.clean("Linux-6.18.4-mine-x86_64-with-glibc2.36") == "Linux-6.18.4-x86_64-with-glibc2.36"


def test_every_picture_is_well_formed_and_alone() -> None:
    for path in (MEASURED / "svg").glob("*.svg"):
        drawn = ET.fromstring(path.read_text("utf-8"))  # our own file
        assert drawn.tag.endswith("svg")
        assert not [element for element in drawn.iter() if element.tag.endswith(("script", "image", "use"))]


def test_the_transcripts_of_the_pitfalls_are_what_they_print(root: Path) -> None:
    for path in (root / "recipes" / "pitfalls").glob("[a-z]*.py"):
        module = importlib.import_module(f"recipes.pitfalls.{path.stem}")
        expected = [f"trap:    {module.SEEN_IN_TRAP}", f"way out: {module.SEEN_IN_WAY_OUT}"]
        assert transcripts()[f"python -m recipes.pitfalls.{path.stem}"].text.splitlines()[-2:] == expected


def test_a_traceback_in_a_transcript_shows_lines_that_are_in_the_recipe_today(root: Path) -> None:
    shown = re.compile(r'File "(recipes/pitfalls/\w+\.py)", line (\d+), in \w+\n +(.+)')
    found = [line for printed in transcripts().values() for line in shown.findall(printed.text)]
    assert found, "a pitfall whose exception is logged shows a traceback"
    for path, number, code in found:
        assert (root / path).read_text("utf-8").splitlines()[int(number) - 1].strip() == code, (
            "docs.measure transcripts"
        )
