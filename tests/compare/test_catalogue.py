"""Which variants exist is read from the disk, and nothing is run for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from compare import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
READS = '"""Reads."""\n'


@pytest.fixture
def shelf(tmp_path: Path) -> Callable[[str, str], Path]:
    """A folder of recipes: `shelf("trio_x", source)` puts one on it and returns the root."""
    folder = tmp_path / "recipes" / "file_read"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")

    def put(name: str, source: str) -> Path:
        (folder / f"{name}.py").write_text(source)
        return tmp_path

    return put


def test_every_recipe_on_disk_is_there_and_says_what_it_is() -> None:
    for scenario in catalogue.names():
        folder = catalogue.scenario_of(scenario).folder
        on_disk = {path.stem for path in (ROOT / "recipes" / folder).glob("[!_]*.py")}
        found = catalogue.variants(scenario)
        assert {variant.name for variant in found} == on_disk
        assert all(variant.idea for variant in found)
        assert [variant.name for variant in found] == sorted(variant.name for variant in found)


@pytest.mark.parametrize(
    ("name", "backends"),
    [
        ("plain", [None]),
        ("asyncio_x", ["asyncio", "asyncio+uvloop"]),
        ("trio_x", ["trio"]),
        ("anyio_x", ["asyncio", "asyncio+uvloop", "trio"]),
    ],
)
def test_the_prefix_picks_the_backends(
    shelf: Callable[[str, str], Path], name: str, backends: list[str | None]
) -> None:
    root = shelf(name, READS + "def read_files(paths): ...")
    assert [variant.backend for variant in catalogue.variants("file", root)] == backends


def test_a_recipe_is_not_run_to_be_listed(shelf: Callable[[str, str], Path]) -> None:
    root = shelf("loud", READS + "def read_files(paths): ...\nraise SystemExit(9)\n")
    assert catalogue.variants("file", root)[0].unavailable is None


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("REQUIRES = {'platform': 'plan9'}", "needs plan9, and this is Linux"),
        ("REQUIRES = {'platform': ('darwin', 'win32')}", "needs macOS or Windows, and this is Linux"),
        ("REQUIRES = {'has': ('os.open', 'os.no_such_call')}", "needs os.no_such_call, and this Python on Linux has"),
        ("REQUIRES = {'has': ('no_such_module.x',)}", "needs no_such_module.x, and this Python"),
        ("REQUIRES = {'python': '9.9', 'install': 'pip install it'}", "needs Python 9.9 or later"),
        (
            "REQUIRES = {'module': 'no_such_module', 'install': 'pip install it'}",
            "needs no_such_module: pip install it",
        ),
        ("import no_such_module", "needs no_such_module: pip install no_such_module"),
        ("REQUIRES = {'states': str(1)}", "not a literal"),
        ("def read_files(:", "can't be read"),
    ],
)
def test_what_is_missing_is_told(shelf: Callable[[str, str], Path], source: str, reason: str) -> None:
    [variant] = catalogue.variants("file", shelf("plain", f"{READS}{source}\ndef read_files(paths): ..."))
    assert variant.unavailable is not None
    assert reason in variant.unavailable


def test_a_recipe_without_its_function_is_told(shelf: Callable[[str, str], Path]) -> None:
    [variant] = catalogue.variants("file", shelf("plain", READS))
    assert "has no read_files" in str(variant.unavailable)


def test_backends_can_be_narrowed_with_a_reason(shelf: Callable[[str, str], Path]) -> None:
    requires = "REQUIRES = {'backends': ('asyncio',), 'backends_reason': 'uvloop has none of it'}\n"
    first, second = catalogue.variants("file", shelf("asyncio_x", READS + requires + "def read_files(paths): ..."))
    assert (first.unavailable, second.unavailable) == (None, "uvloop has none of it")


def test_states_come_with_their_reason(shelf: Callable[[str, str], Path]) -> None:
    source = "STATES = ('slow',)\nREQUIRES = {'states_reason': 'only pipes'}\ndef read_files(paths): ..."
    [variant] = catalogue.variants("file", shelf("plain", READS + source))
    assert catalogue.states(variant) == (("slow",), "only pipes")


def test_versions_of_what_it_uses() -> None:
    on_uvloop = next(
        each
        for each in catalogue.variants("file")
        if (each.name, each.backend) == ("asyncio_aiofiles", "asyncio+uvloop")
    )
    assert set(catalogue.libraries(on_uvloop)) == {"aiofiles", "uvloop"}


class TestTheUsersOwn:
    @pytest.mark.parametrize(
        ("source", "backends"),
        [
            ("def go(paths): ...", [None]),
            ("async def go(paths): ...", ["asyncio", "asyncio+uvloop"]),
            ("import trio\nasync def go(paths): ...", ["trio"]),
            ("import anyio\nasync def go(paths, extra=1): ...", ["asyncio", "asyncio+uvloop", "trio"]),
        ],
    )
    def test_backends_follow_from_the_source(self, tmp_path: Path, source: str, backends: list[str | None]) -> None:
        path = tmp_path / "own.py"
        path.write_text(source)
        found = catalogue.from_user(f"{path}:go", "file")
        assert [variant.backend for variant in found] == backends
        assert {(variant.recipe, variant.by_path, variant.function) for variant in found} == {(None, True, "go")}

    def test_a_module_is_found_and_not_imported(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "shop").mkdir()
        (tmp_path / "shop" / "reader.py").write_text("def go(paths): ...\nraise SystemExit(9)\n")
        monkeypatch.syspath_prepend(tmp_path)
        [variant] = catalogue.from_user("shop.reader:go", "file")
        assert (variant.module, variant.by_path) == ("shop.reader", False)
        assert "shop.reader" not in sys.modules

    @pytest.mark.parametrize(
        ("source", "complaint"),
        [
            ("def other(paths): ...", "no 'go'"),
            ("def go(): ...", "takes no positional argument"),
            ("def go(a, b, c, d): ...", "needs 4 arguments"),
            ("def go(*a, b): ...", "needs a keyword argument"),
            ("def go(*a):\n yield 1", "is a generator"),
            ("class go: ...", "is a class"),
            ("go = 3", "is no function"),
        ],
    )
    @pytest.mark.parametrize("scenario", catalogue.names())
    def test_one_that_does_not_fit_is_told_the_contract(
        self, tmp_path: Path, source: str, complaint: str, scenario: str
    ) -> None:
        path = tmp_path / "own.py"
        path.write_text(source)
        with pytest.raises(catalogue.UnfitError, match="does not fit: expected") as caught:
            catalogue.from_user(f"{path}:go", scenario)
        assert complaint in str(caught.value)
        assert catalogue.scenario_of(scenario).contract in str(caught.value)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("scenario", catalogue.names())
    def test_one_takes_as_many_arguments_as_the_scenario_gives(self, tmp_path: Path, scenario: str) -> None:
        path = tmp_path / "own.py"
        takes = catalogue.scenario_of(scenario).takes
        path.write_text(f"def fits({', '.join('abcd'[:takes])}): ...\ndef go({', '.join('abcd'[: takes - 1])}): ...")
        assert catalogue.from_user(f"{path}:fits", scenario)
        with pytest.raises(catalogue.UnfitError, match=f"takes {takes - 1 or 'no'} positional argument"):
            catalogue.from_user(f"{path}:go", scenario)

    @pytest.mark.parametrize("spec", ["", ":go", "nowhere.at.all:go", "no/such/file.py:go", "module", "a.py:1x"])
    def test_one_that_is_nowhere(self, spec: str) -> None:
        with pytest.raises(catalogue.UnfitError):
            catalogue.from_user(spec, "file")


def test_list_names_every_variant(run_compare: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = run_compare("list", env={"COLUMNS": "400"})
    assert done.returncode == 0
    for scenario in catalogue.names():
        for variant in catalogue.variants(scenario):
            assert f"  {variant.name} " in done.stdout
            assert variant.idea in done.stdout
            assert variant.unavailable is None or variant.unavailable in done.stdout
    assert "select_multiplexing" not in run_compare("list", "file").stdout


def test_listing_imports_neither_recipes_nor_event_loops(surroundings: dict[str, str]) -> None:
    code = (
        "import sys; from compare.__main__ import main; main(['list']);"
        "heavy = ('asyncio', 'trio', 'anyio', 'rich');"
        "print([name for name in sys.modules if name in heavy or name.startswith('recipes.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=surroundings)
    assert done.stdout.splitlines()[-1] == "[]"
