"""Lines of any length, each as it comes, and no process when the reader stops early."""

from __future__ import annotations

import contextlib
import gc
import subprocess
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from tests.recipes.child_pipes.conftest import children

if TYPE_CHECKING:
    from pathlib import Path

    from compare.catalogue import Variant
    from tests.recipes.child_pipes.conftest import Noted, Runner


@pytest.mark.parametrize(
    ("printed", "lines"),
    [
        ("", []),
        (r"one\ntwo\n", [b"one\n", b"two\n"]),
        (r"\n\none\n\n", [b"\n", b"\n", b"one\n", b"\n"]),
        (r"one\nlast", [b"one\n", b"last"]),
        ("last", [b"last"]),
        (r"a\r\nb\rc\f\000d\n", [b"a\r\n", b"b\rc\f\x00d\n"]),
    ],
)
def test_lines_end_where_a_line_ends(runner: Runner, printed: str, lines: list[bytes]) -> None:
    assert runner.lines(f"printf '{printed}'") == lines


def test_many_lines_of_every_length(runner: Runner, tmp_path: Path) -> None:
    text = b"".join(b"%d " % length + b"x" * (length * 37 % 300) + b"\n" for length in range(5000))
    (tmp_path / "text").write_bytes(text)
    assert runner.lines(f"cat '{tmp_path}/text'") == text.splitlines(keepends=True)


def test_lines_of_a_mebibyte(runner: Runner, tmp_path: Path) -> None:
    text = b"a" * (1 << 20) + b"\n" + b"b" * (1 << 20) + b"\nshort\n" + b"c" * (1 << 20)
    (tmp_path / "text").write_bytes(text)
    lines = runner.lines(f"cat '{tmp_path}/text'")
    assert [len(line) for line in lines] == [(1 << 20) + 1, (1 << 20) + 1, 6, 1 << 20]
    assert b"".join(lines) == text
    runner.stands("a line of 1 MiB")


def test_each_comes_before_the_next_is_written(runner: Runner, tmp_path: Path) -> None:
    """The child writes its second line when it is told that the first has come."""
    told = tmp_path / "told"
    script = f"echo first; until [ -e '{told}' ]; do sleep 0.01; done; echo second"
    found = runner.lines_with(script, None, told.touch)
    assert [line for line, _ in found] == [b"first\n", b"second\n"]


@pytest.mark.parametrize("script", ["yes", "echo one; exec sleep 600", "echo one; exec >&-; exec sleep 600"])
def test_left_early_no_process_stays(runner: Runner, script: str) -> None:
    assert len(runner.lines(script, 1)) == 1
    assert children() == []
    runner.stands("lines left early")


def test_left_early_what_the_child_started_ends_too(runner: Runner, noted: Noted) -> None:
    assert runner.lines(f"sleep 600 & echo $! > {noted}; echo one; wait", 1) == [b"one\n"]
    assert noted.has_ended()


def test_left_with_a_mere_break(runner: Runner) -> None:
    """On asyncio the loop ends a dropped generator; trio says that it is to be closed, so there it is not tried."""

    async def leave() -> None:
        async for _ in runner.module.lines(["yes"]):
            break
        with anyio.fail_after(20):
            while children():  # noqa: ASYNC110  the loop ends it
                await anyio.sleep(0.002)

    if runner.backend is None:
        for _ in runner.module.lines(["yes"]):
            break
        gc.collect()
    else:
        runner.call(leave)
    assert children() == []


def test_cancelled_while_it_waits_for_a_line(runner: Runner, noted: Noted) -> None:
    async def wait() -> None:
        async for line in runner.module.lines(["sh", "-c", f"echo $$ > {noted}; echo one; exec sleep 600"]):
            assert line == b"one\n"

    async def cancelled() -> None:
        async with runner.cancelled(wait):
            await noted.comes()
            for _ in range(20):  # by then it waits for the second line
                await anyio.lowlevel.checkpoint()
        assert children() == []

    runner.call(cancelled)
    runner.stands("cancelled while it waits for a line")


def test_a_status_that_is_not_0_is_told_after_the_last_line(runner: Runner) -> None:
    seen: list[int] = []
    with pytest.raises(subprocess.CalledProcessError) as caught:
        runner.lines_with("echo one; echo two; exit 6", None, lambda: seen.append(1))
    assert (caught.value.returncode, len(seen)) == (6, 2)


def test_no_such_program(runner: Runner) -> None:
    async def first() -> None:
        async for _ in runner.module.lines(["/no/such/program"]):
            pass

    with pytest.raises(FileNotFoundError):
        runner.call(first) if runner.backend else next(runner.module.lines(["/no/such/program"]))


@pytest.mark.parametrize("length", [0, 1000, 100_000])
def test_a_reader_that_is_slow_does_not_fill_the_memory(runner: Runner, noted: Noted, length: int) -> None:
    """A child that writes for ever is stopped by its full pipe, while its reader is busy with a line."""

    async def slow() -> int:
        async with contextlib.aclosing(runner.module.lines(script)) as lines:
            await anext(lines)
            return await _settled(lambda: _written(noted.pid))

    script = ["sh", "-c", f"echo $$ > {noted}; exec yes '{'x' * length}'"]
    assert runner.call(slow) < 16 << 20


def _written(pid: int) -> int:
    with open(f"/proc/{pid}/io", encoding="ascii") as file:  # noqa: PTH123
        return next(int(line.split()[1]) for line in file if line.startswith("wchar"))


async def _settled(count: Any) -> int:
    """The count, when it has not changed for a while; or as soon as it is too much."""
    before = -1
    while (now := count()) != before and now < 16 << 20:
        before = now
        await anyio.sleep(0.05)
    return int(now)


def _can_be_dropped(variant: Variant) -> bool:
    return variant.backend != "trio" and not variant.name.startswith("anyio")


test_left_with_a_mere_break.only = _can_be_dropped  # type: ignore[attr-defined]
test_cancelled_while_it_waits_for_a_line.only = (  # type: ignore[attr-defined]
    lambda variant: variant.backend is not None and not variant.name.endswith("_mistake")
)
test_a_reader_that_is_slow_does_not_fill_the_memory.only = lambda variant: variant.backend is not None  # type: ignore[attr-defined]
