"""The answer on one screen: every recipe, grouped, within 45 lines, none wider than the terminal.

`data/` holds what real runs told, of each scenario, their paths shortened:
`python -m compare file --quick --json - | sed "s|$PWD|/project|g" | xz > tests/compare/report/data/file.json.xz`.
"""

from __future__ import annotations

import dataclasses
import io
import json
import lzma
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from compare.report.data.json import from_json
from compare.report.groups import summarised
from compare.report.page.html import to_html
from compare.report.review.markdown import to_markdown
from compare.report.terminal import overview
from compare.report.terminal.glyphs import encoded
from compare.results import Comparison, Finding, LoopHold, Observation, Run, Seconds, Site

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable

DATA = Path(__file__).parent / "data"
SCENARIOS = ("file", "net", "write", "serve", "pipes")
MOST_LINES = 45
SLOW = {"state": "slow", "files": 8, "bytes": 65536, "delay_ms": 50.0}


def recorded(name: str) -> Comparison:
    return from_json(json.loads(lzma.decompress((DATA / f"{name}.json.xz").read_bytes())))


def drawn(what: Comparison, width: int = 80, **console: Any) -> str:
    text = io.StringIO()
    Console(file=text, width=width, **console).print(overview.render(what, width), soft_wrap=True, highlight=False)
    return text.getvalue()


def read(took: float, **changed: Any) -> Run:
    """A reader of slow files that took so many seconds, and in which nothing waited."""
    run = Run(
        "file", SLOW, "asyncio_aiofiles", "asyncio", None, {}, "ok",
        seconds=Seconds(took, took, took, (took,)), operations=8, per_second=8 / took, threads=7,
        observation=Observation((), LoopHold(0, 0.0, 0.0), (), 7, took * 1000),
    )  # fmt: skip
    return dataclasses.replace(run, **changed)


def waits(place: Any, role: Any, ms: float, total: float = 400.0, **changed: Any) -> Observation:
    site = Site("/r/recipes/file_read/asyncio_aiofiles.py", 21, "read_file")
    found = Finding(place, None, "thread", role, "read", "/x/00001 and 7 more", site, "file.read()", 8, ms, ms / 8)
    return Observation((dataclasses.replace(found, **changed),), LoopHold(0, 0.0, 0.0), (), 7, total)


HELD, MOVED = waits("loop-thread", "loop", 390.0), waits("worker-thread", "worker", 390.0)


def compared(*runs: Run) -> Comparison:
    return Comparison(("python", "-m", "compare", "file"), "3.13.0", "x", 2, "2026-01-01T00:00:00+00:00", runs)


def group_of(text: str, name: str) -> str:
    """The title of the group that a row stands in."""
    title = ""
    for line in text.splitlines():
        if found := re.match(
            r"(?:.. )?(the event loop|worker threads|nobody|no event loop|not observed|starves)", line
        ):
            title = found[1]
        if line.startswith(name):
            return title
    message = f"{name} is not there"
    raise AssertionError(message)


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("width", [80, 120])
def test_all_recipes_on_one_screen(name: str, width: int) -> None:
    what = recorded(name)
    lines = drawn(what, width).splitlines()
    assert len(lines) <= MOST_LINES
    assert max(map(cell_len, lines)) <= width
    for recipe in {run.variant for run in what.runs}:
        assert any(line.startswith(recipe) or f" {recipe}" in line for line in lines), recipe


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("width", [40, 60, 100, 200])
def test_no_line_is_wider_at_any_width(name: str, width: int) -> None:
    assert max(map(cell_len, drawn(recorded(name), width).splitlines())) <= width


def test_the_mistakes_hold_the_loop_and_threads_only_move_it() -> None:
    text = drawn(recorded("file"))
    assert group_of(text, "asyncio_blocking_mistake") == "the event loop"
    assert group_of(text, "asyncio_to_thread") == "worker threads"
    assert group_of(text, "asyncio_pipe_transport") == "nobody"
    assert group_of(text, "blocking") == "no event loop"


def test_who_starves_is_told_apart() -> None:
    text = drawn(recorded("net"))
    starving = text[text.index("starves:") : text.index("burns a CPU")]
    for name in ("threadpool_blocking", "processpool_blocking", "blocking_one_at_a_time", "asyncio_blocking_mistake"):
        assert f"\n{name}" in starving
    assert "not in " in starving
    assert "4 leave clients unanswered" in text


def test_marks_need_no_colour_and_no_unicode() -> None:
    text = drawn(recorded("file"))
    assert "█L" in text
    assert "▒W" in text
    plain = encoded(text, "ascii").decode("ascii")
    assert "#L" in plain
    assert "?" not in plain
    assert [len(line) for line in plain.splitlines()] == [len(line) for line in text.splitlines()]


def test_backends_that_tell_the_same_share_a_line() -> None:
    text = drawn(compared(read(0.4, observation=MOVED), read(0.5, observation=MOVED, backend="asyncio+uvloop")))
    assert text.count("\nasyncio_aiofiles") == 1
    assert "400 ms ▒W" in text
    assert "(uvloop)" not in text


def test_the_backend_that_differs_is_named() -> None:
    text = drawn(compared(read(0.4, observation=MOVED), read(0.4, observation=HELD, backend="asyncio+uvloop")))
    assert group_of(text, "asyncio_aiofiles (uvloop)") == "the event loop"
    assert "\nasyncio_aiofiles " in text


@pytest.mark.parametrize("variant", ["asyncio_pipe_transport", "asyncio_blocking_mistake"])
def test_the_backend_that_differs_is_named_whole_at_80_columns(variant: str) -> None:
    what, differs = recorded("file"), MOVED if variant.endswith("mistake") else HELD
    runs = [
        dataclasses.replace(run, observation=differs)
        if (run.variant, run.backend) == (variant, "asyncio+uvloop")
        else run
        for run in what.runs
    ]
    assert f"\n{variant} (uvloop) " in drawn(dataclasses.replace(what, runs=tuple(runs)))


def test_backends_share_a_line_where_the_screen_has_no_room() -> None:
    runs = [
        read(0.4, variant=f"recipe_{at:02}", observation=seen, backend=backend)
        for at in range(30)
        for backend, seen in (("asyncio", MOVED), ("asyncio+uvloop", HELD))
    ]
    text = drawn(compared(*runs))
    assert all(text.count(f"\nrecipe_{at:02}") == 1 for at in range(30))


@pytest.mark.parametrize(
    ("seen", "title"),
    [
        (HELD, "the event loop"),
        (waits("page-fault", "loop", 100.0), "the event loop"),
        (waits("loop-thread", "loop", 20.0), "nobody"),
        (waits("lock", "loop", 390.0), "the event loop"),
        (waits("lock", "loop", 200.0), "nobody"),
        (MOVED, "worker threads"),
        (waits("kernel", "loop", 390.0), "nobody"),
        (None, "not observed"),
    ],
)
def test_the_group_follows_from_what_was_seen(seen: Observation | None, title: str) -> None:
    assert group_of(drawn(compared(read(0.4, observation=seen))), "asyncio_aiofiles") == title


def test_the_place_is_told_with_its_line() -> None:
    assert "read for 00001 and 7 more at asyncio_aiofiles.py:21" in drawn(compared(read(0.4, observation=HELD)), 120)
    assert "read, line 21" in drawn(compared(read(0.4, observation=HELD)), 48)


def test_what_went_wrong_is_told_with_its_reason() -> None:
    text = drawn(
        compared(read(0.4), read(0.4, variant="dies", outcome="failed", reason="died by SIGSEGV", seconds=None))
    )
    assert "failed: dies (asyncio), slow: died by SIGSEGV" in text


def test_what_was_skipped_is_one_line() -> None:
    skipped = read(0.4, variant="asyncio_io_uring", outcome="skipped", reason="needs urio", seconds=None)
    lines = [line for line in drawn(compared(read(0.4), skipped)).splitlines() if line.startswith("Skipped")]
    assert lines == ["Skipped: asyncio_io_uring, and where - stands; --long says why."]


def test_the_best_comes_first_in_its_group() -> None:
    runs = [read(took, variant=f"takes_{took}", observation=MOVED) for took in (0.3, 0.1, 0.2)]
    assert re.findall(r"^takes_\S+", drawn(compared(*runs)), re.MULTILINE) == ["takes_0.1", "takes_0.2", "takes_0.3"]


def test_the_answer_counts_recipes_and_has_figures() -> None:
    runs = [read(0.4, variant="bad", observation=HELD), read(0.1, variant="pool", observation=MOVED), read(0.05)]
    text = " ".join(drawn(compared(*runs)).split())
    assert "still blocks in 1 of 3 recipes (bad): for 390 ms at worst" in text
    assert "1 only moves the blocking to worker threads" in text
    assert "Fastest: slow asyncio_aiofiles (50 ms)." in text


def test_of_one_that_failed_it_is_not_said_that_it_blocks_nobody() -> None:
    cold = {**SLOW, "state": "cold"}
    well = [read(0.05, workload=cold), read(0.05)]
    assert "1 blocks no thread for slow files" in " ".join(drawn(compared(*well)).split())
    failed = read(0.05, outcome="failed", reason="Illegal seek")
    assert "no thread for slow files" not in " ".join(drawn(compared(well[0], failed)).split())


def test_the_page_and_the_markdown_open_with_the_same() -> None:
    what = recorded("file")
    summary = summarised(what)
    assert summary is not None
    page, pasted = to_html(what), to_markdown(what)
    for told in (page[page.index('id="summary"') : page.index('id="lanes"')], pasted[: pasted.index("<details>")]):
        for group in summary.groups:
            assert group.group.title in told
            assert all(row.name.replace("_", "") in told.replace("_", "") for row in group.rows)
    assert summary.answer[0] in page
    assert "█L" in pasted


def test_what_no_scenario_of_ours_measured_has_no_summary() -> None:
    assert summarised(compared(dataclasses.replace(read(0.1), scenario="of another version"))) is None
    assert overview.render(compared(), 80) is None


def held_for_longer(runs: Iterable[Run]) -> list[str]:
    return [
        f"{run.variant} {run.workload['state']}: {run.observation.loop.longest_ms} of {run.observation.duration_ms} ms"
        for run in runs
        if run.observation and run.observation.loop
        if run.observation.loop.longest_ms > run.observation.duration_ms
    ]


def test_a_real_run_fits_the_screen(
    run_compare: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    told = tmp_path / "told.json"
    done = run_compare("file", "--quick", "--json", str(told), env={"COLUMNS": "80"})
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) <= MOST_LINES
    assert max(map(cell_len, lines)) <= 80
    runs = from_json(json.loads(told.read_text())).runs
    assert all(any(run.variant in line for line in lines) for run in runs)
    assert held_for_longer(runs) == []
