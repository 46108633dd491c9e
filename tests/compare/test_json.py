"""The JSON is what its schema says, on real output, and comes back as what it was."""

from __future__ import annotations

import copy
import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from compare.command.forms import FORMS
from compare.report.data.json import from_json, schema, to_json

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def file(measured: Callable[..., Any]) -> dict[str, Any]:
    told: dict[str, Any] = measured(
        *("file", "--state", "slow", "--quick", "--files", "4", "--delay", "20", "--json-lanes"),
        *("--only", "asyncio_aiofiles", "asyncio_blocking_mistake", "asyncio_io_uring", "asyncio_mmap_mistake"),
    )[0]
    return told


@pytest.fixture(scope="module")
def net(measured: Callable[..., Any]) -> dict[str, Any]:
    told: dict[str, Any] = measured("net", "--only", "poll_multiplexing", "--clients", "2", "--seconds", "0.1")[0]
    return told


def valid(told: dict[str, Any]) -> None:
    checker = jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker())
    checker.validate(told)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def test_real_output_is_valid(file: dict[str, Any], net: dict[str, Any]) -> None:
    valid(file)
    valid(net)
    assert {run["outcome"] for run in file["runs"]} == {"ok", "skipped"}
    assert any(run["findings"] for run in file["runs"])
    assert dt.datetime.fromisoformat(file["started"]).tzinfo is not None


def test_lanes_are_there_only_when_asked_for(file: dict[str, Any], net: dict[str, Any]) -> None:
    assert any(run["lanes"] for run in file["runs"])
    assert not any("lanes" in run for run in net["runs"])


def test_the_groups_are_those_of_the_summary(file: dict[str, Any]) -> None:
    by_key = {group["key"]: group for group in file["groups"]}
    rows = [row for group in file["groups"] for row in group["rows"]]
    assert {row["variant"] for row in rows} == {run["variant"] for run in file["runs"] if run["outcome"] != "skipped"}
    for key, group in by_key.items():
        assert group["title"], key
        for row in group["rows"]:
            assert row["backends"] or any(run["backend"] is None for run in file["runs"])
    assert file["answer"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda told: told.pop("cpus"),
        lambda told: told.update(schema=1),
        lambda told: told["runs"][0].update(outcome="fine"),
        lambda told: told["runs"][0].update(surprise=1),
        lambda told: told["runs"][0].pop("verdict"),
        lambda told: told["runs"][0].update(backend="curio"),
        lambda told: told["runs"][0]["findings"].append({"place": "moon"}),
    ],
    ids=["a key less", "another version", "an unknown outcome", "a key more", "no verdict", "a backend", "a place"],
)
def test_the_schema_refuses_what_is_not_documented(file: dict[str, Any], spoil: Callable[[Any], Any]) -> None:
    told = copy.deepcopy(file)
    spoil(told)
    with pytest.raises(jsonschema.ValidationError):
        valid(told)


def test_there_and_back(file: dict[str, Any], net: dict[str, Any]) -> None:
    assert json.loads(json.dumps(to_json(from_json(file), lanes=True))) == file
    assert json.loads(json.dumps(to_json(from_json(net)))) == net


def test_another_version_is_refused(net: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected schema 2, not 7"):
        from_json({**net, "schema": 7})


def test_every_form_can_be_written_at_once(
    run_compare: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = run_compare(
        *(
            "file",
            "--only",
            "asyncio_aiofiles",
            "--state",
            "slow",
            "--quick",
            "--files",
            "2",
            "--delay",
            "50",  # so that something waits in each form that tells waits alone
            "--timeline",
        ),
        *(word for form in FORMS for word in (f"--{form.name}", f"x.{form.name}")),
        cwd=tmp_path,
    )
    # On a busy machine a note says that the observer was kept from looking: it is no complaint.
    assert (done.returncode, [line for line in done.stderr.splitlines() if not line.startswith("note: ")]) == (0, [])
    assert "asyncio_aiofiles on asyncio" in done.stdout
    assert all((tmp_path / f"x.{form.name}").stat().st_size for form in FORMS)
    valid(json.loads((tmp_path / "x.json").read_text()))
    assert json.loads((tmp_path / "x.trace").read_text())
    assert "asyncio_aiofiles" in (tmp_path / "x.csv").read_text()
    assert (tmp_path / "x.html").read_text().lower().startswith("<!doctype html>")


def test_markdown_goes_to_standard_output(run_compare: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = run_compare("file", "--only", "blocking", "--state", "warm", "--no-observe", "--markdown")
    assert done.returncode == 0
    assert "`blocking`" in done.stdout
