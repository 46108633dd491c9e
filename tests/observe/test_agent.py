"""The agent in the observed process: what the program sees stays as it would be without us."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from compare.observe import Observer
from compare.observe.agent.channel import VARIABLE
from compare.scenarios.script.inherited import STARTUP

if TYPE_CHECKING:
    from pathlib import Path

    from compare.results import Observation

POOLS = """
import asyncio, concurrent.futures, json, sys, threading
import anyio, trio

def fails():
    raise LookupError("told")

order = []
with concurrent.futures.ThreadPoolExecutor(1) as executor:
    futures = [executor.submit(order.append, number) for number in range(50)]
    failed = executor.submit(fails)
    cancelled = executor.submit(print)
    cancelled.cancel()
results = {"order": order, "failed": repr(failed.exception()), "name": type(failed).__qualname__}

async def main():
    limiter = anyio.CapacityLimiter(1)
    with anyio.move_on_after(5):
        return await anyio.to_thread.run_sync(fails, limiter=limiter)

for backend in ("asyncio", "trio"):
    try:
        anyio.run(main, backend=backend)
    except LookupError as error:
        results[backend] = repr(error)
results["threads"] = sorted(thread.name for thread in threading.enumerate() if "Trio" not in thread.name)
print(json.dumps(results))
"""

SEEN = """
import json, os, sys, threading
print(json.dumps({
    "variables": sorted(name for name in os.environ if "COMPARE" in name or name == "PYTHONPATH"),
    "threads": threading.active_count(),
    "path": [entry for entry in sys.path if "observe" in entry],
    "modules": sorted(name for name in sys.modules if name in {"compare", "asyncio", "trio", "anyio", "concurrent"}),
    "low": sorted(int(name) for name in os.listdir("/proc/self/fd") if int(name) < 700),
}))
"""


def _run(tmp_path: Path, source: str, *, observed: bool = True) -> tuple[Any, int, Observation | None]:
    path = tmp_path / "program.py"
    path.write_text(source)
    with Observer() as observer, observer.link() as link:
        env = dict(os.environ)
        env.pop("PYTHONPATH", None)
        if observed:
            env |= link.env | {"PYTHONPATH": str(STARTUP)}
        fds = link.fds if observed else ()
        with subprocess.Popen([sys.executable, str(path)], env=env, pass_fds=fds, stdout=subprocess.PIPE) as child:
            if observed:
                observer.begin(child.pid, link, plain_threads=False)
            output, _ = child.communicate(timeout=120)
        seen = observer.end() if observed else None
    return json.loads(output) if output.strip() else None, child.returncode, seen


@pytest.mark.parametrize("source", [POOLS, SEEN], ids=["pools", "surroundings"])
def test_a_program_sees_what_it_would_see_without_us(tmp_path: Path, source: str) -> None:
    with_us, without = _run(tmp_path, source), _run(tmp_path, source, observed=False)
    assert with_us[:2] == without[:2]
    assert without[0] is not None


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("import os; os._exit(7)", 7),
        ("import os; os.abort()", -6),
        ("import os; os.kill(os.getpid(), 9)", -9),
        ("raise SystemExit(3)", 3),
        ("import os; os.closerange(3, 4096); import time; time.sleep(0.05)", 0),
        ("import os; os.fork() or os._exit(0); os.wait()", 0),
        ("import os, sys; os.execv(sys.executable, [sys.executable, '-c', 'raise SystemExit(4)'])", 4),
        ("import threading, time; threading.Thread(target=time.sleep, args=(9,), daemon=True).start()", 0),
    ],
)
def test_it_ends_as_it_would(tmp_path: Path, source: str, status: int) -> None:
    _, ended, seen = _run(tmp_path, source)
    assert ended == status
    assert seen is not None
    assert seen.threads >= 1


def test_a_forked_child_is_silent(tmp_path: Path) -> None:
    source = """
import asyncio, concurrent.futures, os
async def main():
    await asyncio.sleep(0.01)
pid = os.fork()
asyncio.run(main())
with concurrent.futures.ThreadPoolExecutor(1) as executor:
    executor.submit(int).result()
os.waitpid(pid, 0) if pid else os._exit(0)
"""
    _, ended, seen = _run(tmp_path, source)
    assert ended == 0
    assert seen is not None
    assert [finding for finding in seen.findings if finding.total_ms >= 50 and finding.place != "kernel"] == []


def test_without_a_request_it_does_nothing(tmp_path: Path) -> None:
    assert VARIABLE not in os.environ
    source = "from compare.observe.agent import install; install.install(); print(install.installed() is None and '1')"
    path = tmp_path / "program.py"
    path.write_text(source)
    done = subprocess.run([sys.executable, str(path)], capture_output=True, check=True, text=True, timeout=120)
    assert done.stdout.strip() == "1"


def test_an_exec_is_followed(tmp_path: Path) -> None:
    after = tmp_path / "after.py"
    after.write_text("import asyncio, time\nasync def main():\n    time.sleep(0.2)\nasyncio.run(main())\n")
    source = f"import os, sys; os.execv(sys.executable, [sys.executable, {str(after)!r}])"
    _, ended, seen = _run(tmp_path, source)
    assert ended == 0
    assert seen is not None
    (finding,) = [each for each in seen.findings if each.place == "loop-thread"]
    assert finding.site is not None
    assert (finding.site.file, finding.site.line) == (str(after), 3)
    assert finding.total_ms >= 150


def test_a_process_that_is_gone_gives_an_observation() -> None:
    with Observer() as observer, observer.link() as link:
        done = subprocess.run([sys.executable, "-c", "pass"], check=True, timeout=120)
        assert done.returncode == 0
        observer.begin(1 << 22, link)
        seen = observer.end()
    assert seen.findings == ()
    assert seen.loop is None


TASK_LIKE = """
import asyncio, json

class TaskLike:
    _loop = None
    def done(self):
        return True

asyncio._register_task(TaskLike())
print(json.dumps("ok"))
"""

GUARDED = """
import asyncio, json, os.path

space = {}
exec(compile("async def job(): return 1", "somebodys/job.py", "exec"), space)

async def main():
    # As blockbuster does: nothing looks at a file in the loop's thread.
    for name in ("realpath", "abspath", "exists"):
        setattr(os.path, name, None)
    return [await asyncio.create_task(space["job"]()), await asyncio.to_thread(len, "abc")]

print(json.dumps(asyncio.run(main())))
"""


FUTURE_LIKE = """
import asyncio, json

class FutureLike:
    def __init__(self, loop):
        pass

loop = asyncio.new_event_loop()
before, asyncio.futures.Future = asyncio.futures.Future, FutureLike
made = type(loop.create_future()).__name__
asyncio.futures.Future = before
loop.close()
print(json.dumps(made))
"""

BUILTINS = """
import asyncio, builtins, json

def fails(*_):
    raise RuntimeError

async def job():
    return 1

async def main():
    loop = asyncio.get_running_loop()
    before, put = {name: getattr(builtins, name) for name in ("len", "type", "getattr", "issubclass")}, setattr
    for name in before:
        put(builtins, name, fails)
    try:
        future, task = loop.create_future(), loop.create_task(job())
    finally:
        for name, plain in before.items():
            put(builtins, name, plain)
    loop.call_soon(future.set_result, 2)
    return [await future, await task]

print(json.dumps(asyncio.run(main())))
"""


LIFETIMES = """
import asyncio, json, threading, weakref

class Thing:
    pass

def works(loop, future, ended):
    thing = Thing()
    known = weakref.ref(thing)
    loop.call_soon_threadsafe(future.set_result, None)
    del thing
    ended.append(known() is None)
    names = locals()
    loop.call_soon_threadsafe(int)
    ended.append(sorted(names))

async def main():
    loop, ended = asyncio.get_running_loop(), []
    future = loop.create_future()
    thread = threading.Thread(target=works, args=(loop, future, ended))
    thread.start()
    await future
    await asyncio.to_thread(thread.join)
    return ended

print(json.dumps(asyncio.run(main())))
"""


@pytest.mark.parametrize(
    "source",
    [TASK_LIKE, FUTURE_LIKE, GUARDED, BUILTINS, LIFETIMES],
    ids=["a task of another kind", "a future of another kind", "no look at a file", "patched builtins", "lifetimes"],
)
def test_what_it_notes_of_a_loop_does_not_raise_into_the_program(tmp_path: Path, source: str) -> None:
    with_us, without = _run(tmp_path, source), _run(tmp_path, source, observed=False)
    assert with_us[:2] == without[:2]
    assert without[0] is not None


EXITS = """
import importlib, os, sys, types

package = types.ModuleType("_compare_agent")
package.__path__ = [sys.argv[1]]
sys.modules["_compare_agent"] = package
c = importlib.import_module("_compare_agent.c_library")
leave = c.function("pthread_exit", c.Pointer)
thread = importlib.import_module("_compare_agent.own_thread").OwnThread(lambda: leave(None))
os.chroot(sys.argv[2])
thread.start()
thread.join()
print("goes on", flush=True)
os._exit(7)
"""


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root may change a program's root")
def test_the_agents_thread_can_be_ended_where_no_file_can_be_opened(tmp_path: Path) -> None:
    command = [sys.executable, "-c", EXITS, str(STARTUP.parent), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (7, "goes on\n"), done.stderr
