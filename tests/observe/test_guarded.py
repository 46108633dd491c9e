"""No note of the agent's raises into the program: every note of every door is made to fail."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from compare.observe import Observer
from compare.observe.agent.guard import Failures
from compare.observe.agent.imports import _AfterImport, doors
from compare.scenarios.script.inherited import STARTUP

if TYPE_CHECKING:
    from types import FrameType

    from compare.results import Observation

BREAKS = """
import importlib, os, sys, types

package = types.ModuleType("_compare_agent")
package.__path__ = [AGENT]
sys.modules["_compare_agent"] = package
failed = []
HOW

here = os.path.dirname(os.path.abspath(__file__))
sys.path.remove(here)
del sys.modules["sitecustomize"]
importlib.import_module("sitecustomize")
"""
"""What is loaded before the agent is."""

NOTES = """
guard = importlib.import_module("_compare_agent.guard")
plain = guard.Failures.guard

def breaking(self, what):
    def guarded(function):
        def fails(*args):
            if WHEN == "after":
                function(*args)
            raise LookupError(what)
        return plain(self, what)(fails)
    # The doors themselves open, and what is noted through them fails.
    return plain(self, what) if what.startswith(("how ", "the import of ")) else guarded

guard.Failures.guard = breaking
"""

RING = """
def fails(*_):
    raise OSError("no ring")

channel = importlib.import_module("_compare_agent.channel")
channel.Ring.write = channel.Ring.write_text = fails
"""

EVERYTHING = """
import asyncio, concurrent.futures, functools, multiprocessing.pool, os, signal, sys, threading, time
import anyio, anyio.to_thread, trio, uvloop

def fails():
    raise LookupError("told")

def frames(error):
    names, step = [], error.__traceback__
    while step is not None:
        names.append(step.tb_frame.f_code.co_name)
        step = step.tb_next
    return names

order = []
with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="mine") as executor:
    waits = threading.Event()
    first = executor.submit(waits.wait)
    futures = [executor.submit(order.append, number) for number in range(20)]
    failed, given_up = executor.submit(fails), executor.submit(print)
    print(given_up.cancel(), given_up.cancelled())
    waits.set()
print(order, repr(failed.exception()), frames(failed.exception())[-1], type(failed).__qualname__)
try:
    executor.submit(print)
except RuntimeError as error:
    print(error)

with multiprocessing.pool.ThreadPool(1) as pool:
    first, second, failed = pool.apply_async(abs, (-1,)), pool.map_async(abs, (-2, -3)), pool.apply_async(fails)
    print(first.get(), second.get(), pool.map(abs, ()), list(pool.imap(abs, (-4,))), first.ready(), failed.wait())
    print(type(first), type(second), isinstance(second, multiprocessing.pool.AsyncResult))
    try:
        failed.get()
    except LookupError as error:
        print(repr(error), frames(error)[-2:])

async def job(number):
    await asyncio.sleep(0)
    return number

async def on_asyncio():
    loop = asyncio.get_running_loop()
    tasks = [asyncio.create_task(job(number), name=f"job {number}") for number in range(5)]
    print(await asyncio.gather(*tasks, asyncio.to_thread(len, "abc")), [task.get_name() for task in tasks])
    try:
        await asyncio.to_thread(fails)
    except LookupError as error:
        print(repr(error))
    print(await asyncio.gather(asyncio.to_thread(fails), return_exceptions=True))
    time.sleep(0.05)
    print(type(loop).__name__, loop.get_task_factory())

asyncio.run(on_asyncio())
sys.stdout.flush()
pid = os.fork()
if pid == 0:
    asyncio.run(on_asyncio())
    sys.stdout.flush()
    os._exit(3)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
uvloop.run(on_asyncio())

async def on_anyio():
    limiter = anyio.CapacityLimiter(1)
    async with anyio.create_task_group() as group:
        for number in range(3):
            group.start_soon(functools.partial(anyio.to_thread.run_sync, time.sleep, 0.01, limiter=limiter))
    goes_on, scope = threading.Event(), anyio.CancelScope()

    async def gives_up():
        with scope:
            await anyio.to_thread.run_sync(len, "abc", limiter=limiter)

    async with anyio.create_task_group() as group:
        group.start_soon(functools.partial(anyio.to_thread.run_sync, goes_on.wait, limiter=limiter))
        while not limiter.borrowed_tokens:
            await anyio.sleep(0)
        group.start_soon(gives_up)
        while not limiter.statistics().tasks_waiting:
            await anyio.sleep(0)
        scope.cancel()
        goes_on.set()
    print(scope.cancelled_caught, limiter.borrowed_tokens)
    try:
        await anyio.to_thread.run_sync(fails, limiter=limiter)
    except LookupError as error:
        print(repr(error))

anyio.run(on_anyio, backend="asyncio")
anyio.run(on_anyio, backend="asyncio", backend_options={"use_uvloop": True})
anyio.run(on_anyio, backend="trio")

async def on_trio():
    try:
        await trio.to_thread.run_sync(fails)
    except LookupError as error:
        print(repr(error), frames(error)[-2:])
    print(trio.lowlevel.current_task().name)

trio.run(on_trio)
thread = threading.Thread(target=print, args=("in a thread",), name="named")
thread.start()
thread.name = "another"
thread.join()
print(thread.name, threading.active_count())
print(sorted(each.name for each in threading.enumerate() if "Trio" not in each.name))
sys.exit(7)
"""


def _run(tmp_path: Path, how: str | None) -> tuple[bytes, bytes, int, Observation | None]:
    path = tmp_path / "program.py"
    path.write_text(EVERYTHING)
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if how is None:
        done = subprocess.run([sys.executable, str(path)], env=env, capture_output=True, timeout=120, check=False)
        return done.stdout, done.stderr, done.returncode, None
    startup = tmp_path / "startup"
    startup.mkdir()
    source = BREAKS.replace("AGENT", repr(str(Path(STARTUP).parent))).replace("HOW", how)
    (startup / "sitecustomize.py").write_text(source)
    with Observer() as observer, observer.link() as link:
        env |= link.env | {"PYTHONPATH": os.pathsep.join((str(startup), str(STARTUP)))}
        with subprocess.Popen(
            [sys.executable, str(path)], env=env, pass_fds=link.fds, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as child:
            observer.begin(child.pid, link)
            output, errors = child.communicate(timeout=120)
        return output, errors, child.returncode, observer.end()


@pytest.mark.parametrize(
    "how",
    ["", NOTES.replace("WHEN", "'before'"), NOTES.replace("WHEN", "'after'"), RING],
    ids=["nothing fails", "every note, before", "every note, after", "the ring"],
)
def test_a_program_does_not_differ_whatever_fails_in_the_agent(tmp_path: Path, how: str) -> None:
    *plain, _ = _run(tmp_path, None)
    *observed, seen = _run(tmp_path, how)
    assert observed == plain
    assert plain[2] == 7
    assert seen is not None
    told = [sentence for sentence in seen.missing if "the agent" in sentence]
    if "guard" in how:
        assert {told_of(sentence) for sentence in told} >= {
            "loops of asyncio", "runs of trio", "tasks of asyncio",
            "work for an executor", "work for a multiprocessing.Pool", "a limiter's line", "work for a thread of trio",
            "threads' names",
        }  # fmt: skip
    else:
        assert told == []


def told_of(sentence: str) -> str:
    """Return what the agent failed to note."""
    return sentence.partition("noting ")[2].partition(":")[0]


def test_an_error_of_ours_is_counted_and_a_handlers_is_the_programs() -> None:
    told: list[tuple[int, int, str]] = []
    guard = Failures(lambda *what: told.append(what)).guard("this")

    class TooLateError(Exception):
        pass

    def too_late(number: int, frame: FrameType | None) -> None:
        raise TooLateError(number, frame is not None)

    def interrupted() -> None:
        signal.raise_signal(signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, too_late)
    try:
        with pytest.raises(TooLateError):
            guard(interrupted)()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert told == []
    assert guard({}.__getitem__)("missing") is None
    assert guard({}.__getitem__)("missing") is None
    assert told == [(1, 1, "noting this: the first was KeyError: 'missing'"), (1, 2, "")]


def test_who_waits_for_an_import_does_not_fail_it(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int, str]] = []
    failures: Any = Failures(lambda *what: told.append(what))
    finder = _AfterImport({"colorsys": []}, failures)
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    monkeypatch.setattr(sys, "meta_path", (finder, *sys.meta_path))  # from which nothing can be taken out
    assert importlib.import_module("colorsys").__name__ == "colorsys"
    assert [what[:2] for what in told] == [(1, 1)]


def test_every_door_has_the_shape_that_is_asked_for() -> None:
    found = doors()
    assert len(found) >= 9
    for door in found:
        assert isinstance(door.MODULE, str)
        module = type(sys)(door.MODULE)  # an empty one: nothing is as it should be
        sentence = door.fits(module)
        assert isinstance(sentence, str)
        assert ": " in sentence
