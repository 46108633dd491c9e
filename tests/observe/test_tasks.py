"""Which task a loop runs, and where its coroutines await, read from outside: of each loop, frames shown or hidden."""

from __future__ import annotations

import contextlib
import gc
import os
import subprocess
import sys
import textwrap
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from compare.observe.interpreter import calibration, inside, machinery, views
from compare.observe.interpreter.garbage import Collecting, Collector
from compare.observe.interpreter.memory import Unreadable
from compare.observe.interpreter.stacks import Reader
from compare.observe.interpreter.tasks import Running, Tasks
from compare.results import Task
from tests.reading import line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from compare.observe.interpreter.stacks import Frame

PROGRAM = """\
import asyncio, functools, sys


def hold():
    print("ready", flush=True)
    sys.stdin.read()


async def innermost():
    if "hidden" in sys.argv:
        import greenlet
        greenlet.greenlet(hold).switch()
    else:
        hold()


class Awaitable:
    def __await__(self):
        return (yield from innermost().__await__())


async def numbers():
    await Awaitable()
    yield 1


async def outermost():
    async for _ in numbers():
        pass


async def trios():
    import trio
    async with trio.open_nursery() as nursery:
        nursery.start_soon(outermost, name="named")


async def main(coroutine):
    await asyncio.create_task(coroutine, name="named")


if "trio" in sys.argv:
    import trio
    trio.run(trios)
elif "uvloop" in sys.argv:
    import uvloop
    uvloop.run(main(outermost()))
elif "eager" in sys.argv:
    async def eager():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        await main(outermost())
    asyncio.run(eager())
elif "callback" in sys.argv:
    async def reads():
        asyncio.get_running_loop().call_soon(functools.partial(sys.stdin.read, 1))
        print("ready", flush=True)
        await asyncio.sleep(0)
    asyncio.run(reads())
else:
    asyncio.run(main(outermost()))
"""
SERVICE = """\
import asyncio
import framework


async def endpoint():
    return [1, 2, 3]


async def another():
    return []


asyncio.run(framework.serve(framework.Route(endpoint), [framework.Route(another)]))
"""
FRAMEWORK = """\
import sys


class Route:
    def __init__(self, endpoint):
        self.path, self.endpoint = "/", endpoint


async def serve(route, others):
    result = await route.endpoint()
    for _ in range(2):
        encode(result)


def encode(result):
    print("ready", flush=True)
    sys.stdin.read()
"""
LINES = [
    ("innermost", PROGRAM[: PROGRAM.index("\n\n\nclass Awaitable")].count("\n") + 1),
    ("Awaitable.__await__", PROGRAM[: PROGRAM.index("return (yield")].count("\n") + 1),
    ("numbers", PROGRAM[: PROGRAM.index("await Awaitable()")].count("\n") + 1),
    ("outermost", PROGRAM[: PROGRAM.index("async for")].count("\n") + 1),
]
HIDDEN = [(LINES[0][0], LINES[0][1] - 2), *LINES[1:]]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(PROGRAM))
    return path


@contextlib.contextmanager
def started(program: Path, *args: str) -> Iterator[tuple[Reader, int, list[Frame]]]:
    """Yield a reader of the program while it holds its loop, its main thread's state, and its stack."""
    process = subprocess.Popen([sys.executable, str(program), *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        try:
            assert line(process)
            reader = Reader(process.pid, calibration.calibrate())
            (state,) = [thread.state for thread in reader.threads() if thread.native_id == process.pid]
            yield reader, state, reader.stack(state)
            reader.close()
        finally:
            process.kill()


def tasks_of(reader: Reader) -> Tasks:
    if reader.layout.inside is None:
        pytest.fail(f"this interpreter did not find its own way: {inside.look()}")
    return Tasks(reader, reader.layout.inside)


@pytest.mark.parametrize(
    "how",
    [
        ["asyncio"], ["trio"], ["uvloop"], ["asyncio", "hidden"], ["uvloop", "hidden"],
        pytest.param(["eager"], marks=pytest.mark.skipif(sys.version_info < (3, 12), reason="from 3.12 on")),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_task_is_known_with_its_name_and_where_its_coroutines_await(program: Path, how: list[str]) -> None:
    hidden = "hidden" in how
    if hidden and find_spec("greenlet") is None:
        pytest.skip("greenlet is not installed")
    with started(program, *how) as (reader, state, stack):
        tasks = tasks_of(reader)
        running = _settled(tasks, state, machinery.turns(stack))
        assert running is not None
        assert running.task.runs == "outermost"
        # Before 3.14 asyncio names an eager one when it has been made, and this one has run by then.
        assert running.task.name == "named" or (how == ["eager"] and running.task.name == "Task-2")
        lines = [(frame.code.qualname, frame.line) for frame in tasks.awaits(running)]
        assert lines == (HIDDEN if hidden else LINES)


def _settled(tasks: Tasks, state: int, turns: list[Frame]) -> Running | None:
    """It says that it is ready, and holds its loop a moment later."""
    until = time.monotonic() + 5
    while (running := tasks.running(state, None, turns, time.monotonic_ns())) is None and time.monotonic() < until:
        time.sleep(0.01)
    return running


def test_what_a_framework_serves_is_found_when_it_has_returned(tmp_path: Path) -> None:
    (tmp_path / "framework.py").write_text(FRAMEWORK)
    service = tmp_path / "service.py"
    service.write_text(SERVICE)
    with started(service) as (reader, state, _):
        tasks = tasks_of(reader)
        until = time.monotonic() + 5
        stack = reader.stack(state)
        while (not stack or stack[0].code.qualname != "encode") and time.monotonic() < until:
            stack = reader.stack(state)
        found = tasks.serves(stack, lambda filename: filename == str(service))
        assert found is not None
        index, frame = found
        assert stack[index].code.qualname == "serve"
        assert (frame.code.qualname, frame.line) == ("endpoint", 5)
        assert tasks.serves(stack[:1], lambda filename: filename == str(service)) is None


def test_a_greenlet_of_trio_hides_the_loop_but_not_the_task(program: Path) -> None:
    """The loop's frames are known from before: here, from where a stack without a greenlet would have them."""
    if find_spec("greenlet") is None:
        pytest.skip("greenlet is not installed")
    with started(program, "trio", "hidden") as (reader, state, stack):
        assert not machinery.turns(stack)
        assert tasks_of(reader).running(state, None, [], time.monotonic_ns()) is None


def test_a_callback_of_c_is_known_by_the_loops_handle(program: Path) -> None:
    with started(program, "callback") as (reader, state, _):
        tasks = tasks_of(reader)
        until = time.monotonic() + 5
        while time.monotonic() < until:
            stack = reader.stack(state)
            view = views.view(stack, os.sep)
            if view.loop and not view.own and view.stack[0].code.qualname == "Handle._run":
                break
        assert view.by_callback(tasks.callback).doing == Task(None, "TextIOWrapper.read") or view.by_callback(
            tasks.callback
        ).doing == Task(None, "_io.TextIOWrapper.read")
        assert tasks.running(state, None, machinery.turns(stack), time.monotonic_ns()) is None


def test_what_is_no_object_is_no_task() -> None:
    reader = Reader(os.getpid(), calibration.calibrate())
    tasks = tasks_of(reader)
    assert tasks.callback(0) is None
    assert tasks.callback(12345) is None
    assert tasks.callback(id(reader)) is None
    assert tasks.awaits(Running(Task("gone", "f"), 1 << 45, 0)) == []
    reader.close()


def test_the_collector_is_seen_at_work_and_its_collections_are_counted() -> None:
    try:
        reader = Reader(os.getpid(), calibration.calibrate())
    except Unreadable as why:
        pytest.skip(str(why))
    assert reader.layout.inside is not None
    collector = Collector(reader, reader.layout.inside)
    during: list[bool] = []

    def look(_: str, __: dict[str, int]) -> None:
        during.append(collector.collects())

    assert not collector.collects()
    gc.collect(2)
    gc.callbacks.append(look)
    try:
        seen = Collecting(collector.counts())
        gc.collect(2)
        gc.collect(2)
        gc.collect(0)
    finally:
        gc.callbacks.remove(look)
    assert during == [True] * 6
    assert not collector.collects()
    assert collector.counts() == tuple(each["collections"] for each in gc.get_stats())
    seen.ended(collector.counts())
    assert (seen.generation, seen.times) == (2, 2)
    reader.close()
