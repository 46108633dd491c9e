"""What every way to run a child does: every byte both ways, its status, and no complaint of a child that won't read."""

from __future__ import annotations

import os
import random
import signal
import threading
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.recipes.child_pipes.conftest import Runner

MIB = 1 << 20
MUCH = random.Random(0).randbytes(MIB)
"""More than any pipe holds."""


def test_nothing(runner: Runner) -> None:
    assert runner.run(["cat"]) == (0, b"", b"")
    assert runner.run(["cat"], b"") == (0, b"", b"")
    runner.stands("empty input")


def test_every_byte_comes_back(runner: Runner) -> None:
    data = bytes(range(256)) + b"\r\n\n\x00"
    assert runner.run(["cat"], data) == (0, data, b"")
    assert runner.sh("cat >&2", data) == (0, b"", data)


def test_much_both_ways(runner: Runner) -> None:
    data = MUCH * 4
    status, out, err = runner.run(["cat"], data)
    assert (status, len(out), err) == (0, len(data), b"")
    assert out == data
    runner.stands("4 MiB both ways")


def test_a_flood_of_errors(runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "errors").write_bytes(MUCH)
    status, out, err = runner.sh(f'cat "{tmp_path}/errors" >&2; exec cat', MUCH)
    assert (status, out == MUCH, err == MUCH) == (0, True, True)
    runner.stands("1 MiB of errors before it reads")


@pytest.mark.parametrize("times", range(3))
def test_a_child_that_reads_nothing(runner: Runner, times: int) -> None:
    """Whether it has ended before the first byte is written, or while the pipe is full, is luck: any is right."""
    assert runner.sh("exit 3", MUCH[: MIB >> (8 * times)]) == (3, b"", b"")
    runner.stands("reads nothing")


def test_a_child_that_closes_its_input(runner: Runner) -> None:
    assert runner.sh("exec <&-; echo closed; echo it >&2", MUCH) == (0, b"closed\n", b"it\n")
    runner.stands("closes its input")


def test_a_child_that_reads_a_little(runner: Runner) -> None:
    assert runner.run(["head", "-c", "10"], MUCH) == (0, MUCH[:10], b"")
    runner.stands("reads a little of much")


def test_a_child_that_closes_its_output_early(runner: Runner) -> None:
    assert runner.sh("exec >&- 2>&-; cat >/dev/null; exit 4", MUCH) == (4, b"", b"")
    runner.stands("closes its output early")


def test_a_child_that_closes_all_and_goes_on(runner: Runner) -> None:
    assert runner.sh("exec <&- >&- 2>&-; sleep 0.1; exit 5", MUCH) == (5, b"", b"")
    runner.stands("closes all pipes, and goes on")


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_killed_by_a_signal_has_a_negative_status(runner: Runner, signum: int) -> None:
    assert runner.sh(f"echo before; kill -{signum} $$") == (-signum, b"before\n", b"")
    runner.stands("killed by a signal")


def test_no_such_program(runner: Runner, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        runner.run([str(tmp_path / "nothing")], b"data")
    runner.stands("no such program")


def test_no_program(runner: Runner, tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("not executable")
    with pytest.raises(PermissionError):
        runner.run([str(path)], b"data")


def test_a_grandchild_that_writes_on_is_waited_for(runner: Runner) -> None:
    assert runner.sh("(sleep 0.1; echo late) & echo out") == (0, b"out\nlate\n", b"")


def test_a_limit_that_is_not_reached(runner: Runner) -> None:
    assert runner.run(["cat"], MUCH, 30.0) == (0, MUCH, b"")


def test_many_at_once(runner: Runner) -> None:
    """Each gets its own bytes back, whoever runs them: tasks of one loop, or threads."""
    data = [b"%d" % index * 20_000 for index in range(16)]
    if runner.backend is None:
        answers: dict[int, Any] = {}

        def one(index: int) -> None:
            answers[index] = runner.run(["cat"], data[index], 30.0)

        threads = [threading.Thread(target=one, args=(index,)) for index in range(len(data))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        answers = runner.call(_together, runner, data)
    assert {index: answers[index] for index in sorted(answers)} == {
        index: (0, sent, b"") for index, sent in enumerate(data)
    }


async def _together(runner: Runner, data: list[bytes]) -> dict[int, Any]:
    answers: dict[int, Any] = {}

    async def one(index: int) -> None:
        answers[index] = await runner.module.run(["cat"], data[index], 30.0)

    async with anyio.create_task_group() as group:
        for index in range(len(data)):
            group.start_soon(one, index)
    return answers


def test_the_loop_goes_on_meanwhile(runner: Runner, tmp_path: Path) -> None:
    """The child ends when a task of the same loop has written a file; the mistake keeps it from that."""
    told = tmp_path / "told"

    async def tell() -> None:
        for _ in range(10):
            await anyio.lowlevel.checkpoint()
        told.touch()

    async def both() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(runner.module.run, ["sh", "-c", f"until [ -e '{told}' ]; do sleep 0.01; done"], b"", limit)
            group.start_soon(tell)

    limit = 0.2 if runner.name.endswith("_mistake") else 30.0
    if runner.name.endswith("_mistake"):
        with pytest.raises(ExceptionGroup) as caught:
            runner.call(both)
        assert isinstance(caught.value.exceptions[0], TimeoutError)
    else:
        runner.call(both)


test_the_loop_goes_on_meanwhile.only = lambda variant: variant.backend is not None  # type: ignore[attr-defined]


def test_no_descriptor_goes_to_the_child(runner: Runner, tmp_path: Path) -> None:
    path = tmp_path / "held"
    held = os.open(path, os.O_CREAT | os.O_RDONLY)
    try:
        assert not _is_in_the_child(runner, path)
        os.set_inheritable(held, True)  # noqa: FBT003  its only form
        passed_on = _is_in_the_child(runner, path)
    finally:
        os.close(held)
    # libuv leaves it to each descriptor, whatever `close_fds` says
    assert passed_on == (
        runner.backend == "asyncio+uvloop" and "_mistake" not in runner.name and "thread" not in runner.name
    )
    runner.stands(
        "descriptors kept from it", "cannot: uvloop passes on those that are inheritable" if passed_on else "passes"
    )


def _is_in_the_child(runner: Runner, path: Path) -> bool:
    _, out, _ = runner.sh("ls -l /proc/self/fd /dev/fd/")
    return str(path).encode() in out
