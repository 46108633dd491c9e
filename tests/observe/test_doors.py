"""What the agent's doors tell of a program, and that they decline what they don't know."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from compare.observe import Observer
from compare.scenarios.script.inherited import STARTUP

if TYPE_CHECKING:
    from compare.results import Finding, Observation

CASES = Path(__file__).parent / "cases"
TIME_LIMIT_S = 120

DECLINES = """
import importlib, os, sys, types

package = types.ModuleType("_compare_agent")
package.__path__ = [AGENT]
sys.modules["_compare_agent"] = package
executor = importlib.import_module("_compare_agent.doors.executor")
plain = executor.fits

def fits(module):
    del module._WorkItem.run  # as in a version that we have not seen
    sentence = plain(module)
    module._WorkItem.run = run = lambda self, *args: self.task[0](*self.task[1])
    return sentence

executor.fits = fits
"""


def _observed(command: list[str], first: Path | None = None) -> tuple[str, int, Observation]:
    with Observer() as observer, observer.link() as link:
        path = os.pathsep.join([*([str(first)] if first is not None else []), str(STARTUP)])
        env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | link.env
        with subprocess.Popen(
            command, env=env | {"PYTHONPATH": path}, pass_fds=link.fds, stdout=subprocess.PIPE, text=True
        ) as child:
            observer.begin(child.pid, link, plain_threads=False)
            output, _ = child.communicate(timeout=TIME_LIMIT_S)
        return output, child.returncode, observer.end()


def _program(tmp_path: Path, source: str) -> tuple[str, int, Observation]:
    path = tmp_path / "program.py"
    path.write_text(source)
    return _observed([sys.executable, str(path)])


def _in_line(seen: Observation) -> Finding:
    (finding,) = [finding for finding in seen.findings if finding.place == "pool-queue"]
    return finding


@pytest.mark.parametrize(("case", "line"), [("limiter_given_up", 14), ("executor_given_up", 14)])
def test_work_that_is_given_up_in_line_has_waited_until_then(case: str, line: int) -> None:
    _, status, seen = _observed([sys.executable, str(CASES / f"{case}.py")])
    assert status == 0
    finding = _in_line(seen)
    assert finding.site is not None
    assert finding.site.line == line
    (ahead,) = [finding for finding in seen.findings if finding.place == "worker-thread"]
    assert 300 <= finding.total_ms <= ahead.total_ms - 100, "it begins 50 ms later and gives up 200 ms earlier"


def test_work_of_a_pool_that_breaks_has_waited_until_then(tmp_path: Path) -> None:
    source = """
import concurrent.futures, time

def initializer():
    time.sleep(0.3)
    raise LookupError

with concurrent.futures.ThreadPoolExecutor(1, initializer=initializer) as pool:
    futures = [pool.submit(int) for _ in range(2)]
    concurrent.futures.wait(futures)
print([type(future.exception()).__name__ for future in futures])
"""
    output, _, seen = _program(tmp_path, source)
    assert output == "['BrokenThreadPool', 'BrokenThreadPool']\n"
    assert _in_line(seen).longest_ms >= 250


def test_the_interpreter_does_not_count_the_agents_thread(tmp_path: Path) -> None:
    assert _observed([sys.executable, str(CASES / "thread_count.py")])[0] == "0 0 0\n"
    source = """
import _thread, asyncio, os, time

async def main():
    time.sleep(0.05)  # long enough to be pinged
    before = _thread._count()
    if os.fork() == 0:
        os._exit(0)
    os.wait()
    time.sleep(0.05)
    return before, _thread._count()

print(asyncio.run(main()), _thread._count())
"""
    output, _, seen = _program(tmp_path, source)
    assert output == "(0, 0) 0\n"
    assert seen.loop is not None
    assert seen.loop.total_ms >= 90, "it is pinged before and after a fork"


def test_no_signal_goes_to_the_agents_thread(tmp_path: Path) -> None:
    source = """
import asyncio, os, signal

async def main():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    for _ in range(100):
        os.kill(os.getpid(), signal.SIGUSR1)
        assert signal.sigpending() == {signal.SIGUSR1}
        assert signal.sigwait({signal.SIGUSR1}) == signal.SIGUSR1
    return signal.pthread_sigmask(signal.SIG_BLOCK, ())

print(asyncio.run(main()))
"""
    assert _program(tmp_path, source)[:2] == ("{<Signals.SIGUSR1: 10>}\n", 0)


def test_audit_hooks_hear_nothing_of_the_agent(tmp_path: Path) -> None:
    source = """
import asyncio, os, sys, time, concurrent.futures, threading

heard = []
sys.addaudithook(lambda event, args: heard.append(event))

async def main():
    await asyncio.to_thread(len, "abc")
    time.sleep(0.05)
    if os.fork() == 0:
        os._exit(0)
    os.wait()

asyncio.run(main())
print(sorted({event for event in heard if event not in ("import", "compile", "exec", "marshal.loads", "open")}))
print([event for event in heard if "thread" in event])
"""
    path = tmp_path / "program.py"
    path.write_text(source)
    alone = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, timeout=TIME_LIMIT_S, check=True
    )
    assert _observed([sys.executable, str(path)])[0] == alone.stdout


def test_what_a_door_declines_is_not_seen_and_the_program_goes_on(tmp_path: Path) -> None:
    startup = tmp_path / "startup"
    startup.mkdir()
    leave = "sys.path.remove(os.path.dirname(__file__)); del sys.modules['sitecustomize']; import sitecustomize\n"
    (startup / "sitecustomize.py").write_text(DECLINES.replace("AGENT", repr(str(Path(STARTUP).parent))) + leave)
    path = tmp_path / "program.py"
    path.write_text("import concurrent.futures.thread as module; print(module._WorkItem.__mro__[1].__name__)")
    output, status, seen = _observed([sys.executable, str(path)], startup)
    assert (output, status) == ("object\n", 0)
    assert [sentence for sentence in seen.missing if "_WorkItem" in sentence] == [
        "which work waits for a thread of a ThreadPoolExecutor: there is no _WorkItem with a run"
    ]


def test_a_program_finds_a_module_without_importing_it(tmp_path: Path) -> None:
    source = """
import importlib.util, sys
print(importlib.util.find_spec("trio._sync").loader.__dict__.keys() - {"name", "path", "exec_module"})
import trio
print("exec_module" in vars(trio._sync.__loader__), trio.CapacityLimiter.acquire_on_behalf_of.__module__)
print([type(finder).__name__ for finder in sys.meta_path if "compare" in type(finder).__module__].count("_AfterImport"))
"""
    assert _program(tmp_path, source)[:2] == ("set()\nFalse trio\n1\n", 0)


def test_a_line_is_told_for_work_that_a_librarys_own_coroutine_asks_for(tmp_path: Path) -> None:
    source = """
import asyncio, concurrent.futures, time

async def main():
    asyncio.get_running_loop().set_default_executor(concurrent.futures.ThreadPoolExecutor(1))
    tasks = [asyncio.create_task(asyncio.to_thread(time.sleep, 0.2)) for _ in range(3)]
    for task in tasks:
        await task

asyncio.run(main())
"""
    finding = _in_line(_program(tmp_path, source)[2])
    assert finding.site is not None
    assert finding.site.line == 6
    assert finding.total_ms >= 550  # 200 and 400 ms


def test_what_a_program_puts_in_the_place_of_clocks_and_files_is_not_called(tmp_path: Path) -> None:
    source = """
import asyncio, concurrent.futures.thread, os, sys, time, threading, _thread

def ours(*args):
    raise AssertionError("called by the agent")

real = time.sleep, time.monotonic
names = {time: ("monotonic_ns", "time_ns", "clock_gettime"), os: ("read", "write", "fstat", "stat"),
         os.path: ("realpath", "abspath", "exists"), _thread: ("get_native_id", "start_new_thread")}
for module, attributes in names.items():
    for name in attributes:
        fake = getattr(module, name)
        # As freezegun does: wherever a module keeps it.
        for other in list(sys.modules.values()):
            if "_compare_agent" in getattr(other, "__name__", ""):
                for attribute, value in list(vars(other).items()):
                    if value is fake and module is time:
                        setattr(other, attribute, ours)
        setattr(module, name, ours)

async def main():
    await asyncio.gather(*(asyncio.to_thread(len, "abc") for _ in range(3)))
    time.sleep(0.2)

asyncio.run(main())
"""
    _, status, seen = _program(tmp_path, source)
    assert status == 0
    assert [sentence for sentence in seen.missing if "the agent" in sentence] == []
    (finding,) = [finding for finding in seen.findings if finding.place == "loop-thread"]
    assert finding.total_ms >= 190


def _printed(source: str, folder: Path) -> str:
    """What a program prints that imports our packages."""
    path = folder / "program.py"
    path.write_text(source)
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.check_output([sys.executable, str(path)], env=env, text=True, timeout=TIME_LIMIT_S)


DELIVERS = """
import asyncio, collections, os, threading
from async_io_cookbook.observe.agent import channel, install

ring, (read, _) = channel.Ring.create(os.getpid()), os.pipe()
reader = channel.Ring(ring)
install.install(str(channel.Setting(ring, read, os.getpid(), children=False)))

async def main():
    loop = asyncio.get_running_loop()
    for _ in range(9):
        await asyncio.to_thread(int)
    future = loop.create_future()
    thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(future.set_result, None))
    thread.start()
    await future
    thread.join()

asyncio.run(main())
print(*sorted(collections.Counter(record.kind.name for record in reader.read()).items()))
"""


def test_what_a_pools_thread_completes_is_noted_as_work_alone(tmp_path: Path) -> None:
    output = _printed(DELIVERS, tmp_path)
    # The default executor is shut down in a thread of its own, which completes the other future.
    for told in ("('ASKED', 9)", "('STARTED', 9)", "('ENDED', 9)", "('DELIVERED', 2)"):
        assert told in output


MANY_FUTURES = """
import asyncio, collections, os, threading
plain = asyncio.BaseEventLoop.create_future
from async_io_cookbook.observe.agent import channel, install
from async_io_cookbook.observe.agent.doors.asyncio_futures import MANY

ring, (read, _) = channel.Ring.create(os.getpid()), os.pipe()
reader = channel.Ring(ring)
install.install(str(channel.Setting(ring, read, os.getpid(), children=False)))

def is_noted():
    return asyncio.BaseEventLoop.create_future is not plain

async def main():
    loop = asyncio.get_running_loop()
    is_first, _ = is_noted(), [loop.create_future() for _ in range(MANY)]
    await asyncio.to_thread(int)
    is_left_alone, begun = not is_noted(), threading.Event()
    thread = threading.Thread(target=lambda: begun.wait() and loop.call_soon_threadsafe(future.set_result, None))
    thread.start()
    future = loop.create_future()
    begun.set()
    await future
    thread.join()
    print(is_first, is_left_alone, is_noted(), [record.kind.name for record in reader.read()].count("DELIVERED"))

asyncio.run(main())
"""


def test_of_many_futures_none_is_noted_until_a_thread_begins_that_could_complete_one(tmp_path: Path) -> None:
    output = _printed(MANY_FUTURES, tmp_path)
    assert output == "True True True 1\n"


def test_no_frame_of_a_door_stands_in_a_traceback(tmp_path: Path) -> None:
    source = """
import asyncio, sys, traceback

def told(do, *arguments):
    try:
        do(*arguments)
    except Exception:
        traceback.print_exc(file=sys.stdout)

def imports():
    import uvloop

async def main():
    loop = asyncio.get_running_loop()
    told(loop.create_task, 1)
    return loop

told(imports)
told(asyncio.run(main()).call_soon_threadsafe, print)
"""
    (tmp_path / "uvloop.py").write_text("def fails():\n    raise ValueError\n\nfails()\n")
    output, _, _ = _program(tmp_path, source)
    alone = subprocess.run([sys.executable, str(tmp_path / "program.py")], capture_output=True, text=True, check=True)
    assert output.count("Traceback") == 3
    assert output == alone.stdout


SEEDED = """
import os, threading, trio
from async_io_cookbook.observe.agent import channel, install

trio._core._run._ALLOW_DETERMINISTIC_SCHEDULING = True

async def told(turns):
    order = []

    async def task(name):
        for _ in range(turns):
            order.append(name)
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        for name in range(5):
            nursery.start_soon(task, name)
    return tuple(order)

def runs(turns):
    orders = set()
    for _ in range(10):
        trio._core._run._r.seed(0)
        orders.add(trio.run(told, turns))
    return orders

alone = runs(50)
ring, (read, write) = channel.Ring.create(os.getpid()), os.pipe()
reader = channel.Ring(ring)
install.install(str(channel.Setting(ring, read, os.getpid(), children=False)))
tid, has_ended = threading.get_native_id(), threading.Event()

def pings():
    while not has_ended.wait(0.0005):
        os.write(write, channel.request(tid))

asker = threading.Thread(target=pings)
asker.start()
pinged, answers = set(), 0
while answers < 10:
    pinged |= runs(50)
    answers += sum(record.kind is channel.Kind.PONG for record in reader.read())
has_ended.set()
asker.join()
print(len(alone), alone == pinged)
"""


def test_a_ping_leaves_a_seeded_order_of_tasks_as_it_is(tmp_path: Path) -> None:
    output = _printed(SEEDED, tmp_path)
    assert output == "1 True\n"
