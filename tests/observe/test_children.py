"""Children that a program forks or spawns are watched as it is, and do what they would do without us."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from compare.observe import Observer
from compare.scenarios.script.inherited import environment

if TYPE_CHECKING:
    from pathlib import Path

    from compare.results import Observation

STARTED = """
import json, multiprocessing, os, sys

def seen():
    ours = [name for name in sys.modules if name.startswith("_compare_agent")]
    return {
        "argv": sys.argv,
        "variables": sorted(name for name in os.environ if "COMPARE" in name or name == "PYTHONPATH"),
        "path": [entry for entry in sys.path if "observe" in entry],
        "names": sorted(vars(sys.modules["__main__"])),
        "agent": bool(ours) == (AGENT == "yes"),
        "low": sorted(int(number) for number in os.listdir("/proc/self/fd") if int(number) < 500),
    }

def child(queue):
    queue.put(seen())

AGENT = sys.argv[1]
if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        queue = context.SimpleQueue()
        process = context.Process(target=child, args=(queue,))
        process.start()
        print(json.dumps(queue.get()))
        process.join()
        print(process.exitcode)
"""

FORKED = """
import asyncio, json, os, sys, threading

def opened():
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink(f"/proc/self/fd/{name}").split(":")[0]
        except FileNotFoundError:  # of the listing itself
            pass
    return found

async def main():
    await asyncio.to_thread(len, "abc")
    return threading.active_count()

asyncio.run(main())
before = opened()
read, write = os.pipe()
if not os.fork():
    os.write(write, json.dumps([opened(), asyncio.run(main())]).encode())
    os._exit(0)
os.wait()
inside, threads = json.loads(os.read(read, 65536))
del inside[str(read)], inside[str(write)]
print(sorted(set(before) ^ set(inside)), [name for name in before if inside.get(name) != before[name]], threads)
"""

MANY = """
import os, time
def size():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

def fork():
    if not (pid := os.fork()):
        os._exit(0)
    os.waitpid(pid, 0)

for _ in range(20):
    fork()
before = size(), len(os.listdir("/proc/self/fd"))
for _ in range(200):
    fork()
after = size(), len(os.listdir("/proc/self/fd"))
print(after[0] - before[0] < 1024, after[1] - before[1])
"""

CLOSES = """
import asyncio, os, time
asyncio.run(asyncio.sleep(0.01))
if not os.fork():
    os.closerange(3, 4096)
    asyncio.run(asyncio.sleep(0.02))
    if not os.fork():
        os.setsid()
        asyncio.run(asyncio.sleep(0.02))
        os._exit(5)
    os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""

THREADS = """
import concurrent.futures, os, threading
def forks(number):
    statuses = []
    for _ in range(20):
        if not (pid := os.fork()):
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                os._exit(pool.submit(int, number).result())
        statuses.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    return set(statuses)
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    print(list(pool.map(forks, range(4))))
"""

WARNS = """
import asyncio, os, warnings
async def agent_is_there():
    while len(os.listdir("/proc/self/task")) < 2:
        await asyncio.sleep(0.005)
async def main():
    await agent_is_there()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for number in range(6):
            if not (pid := os.fork()):
                os._exit(0)
            os.waitpid(pid, 0)
            if number % 2:
                await agent_is_there()
    print(len(told))
asyncio.run(main())
"""

BREAKS = """
import os
os.memfd_create = os.pipe = os.dup2 = os.truncate = os.fstat = None
if not os.fork():
    os._exit(4)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""

HEARD = """
import os, sys
heard = []
sys.addaudithook(lambda event, args: heard.append(event))
pid = os.fork()
if not pid:
    os._exit(len([event for event in heard if event.startswith(("mmap", "os.truncate", "fcntl", "open", "ctypes"))]))
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""


def _run(tmp_path: Path, source: str, *args: str, observed: bool = True) -> tuple[str, str, int, Observation | None]:
    path = tmp_path / "program.py"
    path.write_text(source)
    command: list[Any] = [sys.executable, "-W", "ignore::DeprecationWarning", str(path), *args]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if not observed:
        done = subprocess.run(command, env=plain, timeout=150, check=False, **pipes)
        return done.stdout, done.stderr, done.returncode, None
    with Observer() as observer, observer.link() as link:
        env = {name: value for name, value in environment(link).items() if name != "COMPARE_PYTHONPATH"}
        with subprocess.Popen(command, env=env, pass_fds=link.fds, **pipes) as child:
            observer.begin(child.pid, link, plain_threads=False)
            output, errors = child.communicate(timeout=150)
        return output, errors, child.returncode, observer.end()


def test_a_child_sees_what_it_would_see_without_us(tmp_path: Path) -> None:
    plain, ours = _run(tmp_path, STARTED, "no", observed=False), _run(tmp_path, STARTED, "yes")
    assert ours[1:3] == plain[1:3]
    without = [json.loads(line) for line in plain[0].splitlines()]
    seen = [json.loads(line) for line in ours[0].replace('"yes"', '"no"').splitlines()]
    assert seen == without
    assert [each["agent"] for each in seen[::2]] == [True] * 3
    assert seen[1::2] == [0] * 3


@pytest.mark.parametrize(
    ("source", "output"),
    [
        (FORKED, "[] [] 2\n"),
        (MANY, "True 0\n"),
        (CLOSES, "5\n"),
        (THREADS, "[{0}, {1}, {2}, {3}]\n"),
        (WARNS, "0\n"),
        (BREAKS, "4\n"),
        (HEARD, "0\n"),
    ],
    ids=[
        "descriptors",
        "many",
        "a child that closes all",
        "threads that fork",
        "a loop that forks",
        "a patched os",
        "audit hooks",
    ],
)
def test_a_program_that_forks_goes_on_as_without_us(tmp_path: Path, source: str, output: str) -> None:
    said, errors, status, seen = _run(tmp_path, source)
    assert (said, errors, status) == (output, "", 0)
    assert seen is not None
    assert [sentence for sentence in seen.missing if "fail" in sentence] == []


WITHOUT = """
import subprocess, sys
subprocess.run([sys.executable, "-c", "import sys; sys.stdin.read(1)"], input=b"", check=True)
child = subprocess.Popen([sys.executable, "-c", "import threading as t, time; t.Timer(1, int).start(); time.sleep(1)"])
child.wait()
"""


WORKERS = """
import asyncio, multiprocessing, os, subprocess, sys, time

async def blocks():
    time.sleep(0.3)

def work():
    asyncio.run(blocks())

if __name__ == "__main__":
    if not (forked := os.fork()):
        work()
        os._exit(0)
    os.waitpid(forked, 0)
    spawned = multiprocessing.get_context("spawn").Process(target=work)
    spawned.start()
    spawned.join()
    alone = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.5)"])
    alone.wait()
    print(forked, spawned.pid, alone.pid)
"""


def test_processes_that_run_the_programs_own_code_are_numbered_as_its_workers(tmp_path: Path) -> None:
    output, _, _, seen = _run(tmp_path, WORKERS)
    forked, spawned, alone = output.split()
    assert seen is not None
    told = {finding.process for finding in seen.findings if finding.call is not None and "sleep" in finding.call}
    assert told >= {f"worker 1, pid {forked}", f"worker 2, pid {spawned}"}
    assert not any(process is not None and "worker" in process and alone in process for process in told)


def test_a_python_without_an_agent_is_told_of(tmp_path: Path) -> None:
    *_, seen = _run(tmp_path, WITHOUT)
    assert seen is not None
    assert any("no agent" in sentence for sentence in seen.missing)
