"""An agent comes into a process that runs already, tells what only it can tell, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from compare.observe import Observer
from compare.observe.agent.replaced import Replaced
from compare.observe.sampler.entering import LOST
from tests.reading import line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compare.results import Observation

TIME_LIMIT_S = 60
SERVICE = """
import asyncio, concurrent.futures, concurrent.futures.thread, json, os, sys, threading, time

def state():
    doors = (
        asyncio.events._set_running_loop, asyncio._set_running_loop, asyncio.BaseEventLoop.create_task,
        asyncio.BaseEventLoop.create_future, asyncio.BaseEventLoop.call_soon_threadsafe, sys.addaudithook,
        concurrent.futures.thread._WorkItem, threading.Thread._set_native_id, threading.Thread.name,
    )
    open_now = sorted(os.listdir("/proc/self/fd"))
    return {"doors": [id(door) for door in doors], "finders": len(sys.meta_path), "open": open_now}

def fork():
    if not (pid := os.fork()):
        now = state()
        os._exit(0 if now == FIRST else 9)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def told():
    match sys.stdin.readline().strip():
        case "state": print(json.dumps({**state(), "threads": len(os.listdir("/proc/self/task"))}), flush=True)
        case "fork": print(fork(), flush=True)
        case "hold": time.sleep(0.05); print("held", flush=True)
        case "block": print("blocks", flush=True); sys.stdin.readline(); print("no longer", flush=True)

async def main():
    global FIRST
    loop = asyncio.get_running_loop()
    loop.add_reader(0, told)
    FIRST = state()
    print("ready", flush=True)
    while POOL is not None:
        await asyncio.gather(*(loop.run_in_executor(POOL, time.sleep, 0.03) for _ in range(3)))
    await asyncio.Event().wait()

POOL = None
if "pool" in sys.argv:
    POOL = concurrent.futures.ThreadPoolExecutor(1, "mine")
    POOL.submit(int).result()
asyncio.run(main())
"""
lets_agents_in = pytest.mark.skipif(
    not (sys.platform == "linux" and sys.version_info >= (3, 14)),
    reason="sys.remote_exec comes with Python 3.14, and agents are found through /proc",
)


class _Service:
    """A program that does as it is told, and is asked what of its own has been touched."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.pid = process, process.pid
        assert line(process) == "ready\n"

    def told(self, command: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        return line(self.process).strip()

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self.told("state"))
        return state

    def is_soon(self, state: dict[str, Any]) -> bool:
        """Whether everything is again as it was."""
        deadline = time.monotonic() + TIME_LIMIT_S
        while (now := self.state()) != state and time.monotonic() < deadline:
            time.sleep(0.01)
        return now == state


@contextmanager
def _service(*options: str, pool: bool = False) -> Iterator[_Service]:
    command = [sys.executable, "-W", "error::DeprecationWarning", *options, "-c", SERVICE, *(["pool"] if pool else [])]
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1, text=True) as process:
        try:
            yield _Service(process)
        finally:  # or the end of the block waits for it, and a test that fails takes until its time limit
            process.kill()
        assert process.stderr is not None
        assert not process.stderr.read()


@contextmanager
def _attached(service: _Service) -> Iterator[Observer]:
    with Observer() as observer:
        observer.begin(service.pid, threshold_ms=10, enters=True, news=True)
        yield observer


def _is_in(observer: Observer, service: _Service) -> None:
    deadline = time.monotonic() + TIME_LIMIT_S
    while any(sentence.startswith(LOST) for sentence in observer.news().missing):
        assert time.monotonic() < deadline
        service.state()  # it runs Python for that


def _why_not(seen: Observation) -> str:
    (sentence,) = (sentence for sentence in seen.missing if sentence.startswith(LOST))
    return sentence


@lets_agents_in
def test_lines_for_a_pool_are_told_of_a_process_that_runs_already() -> None:
    with _service(pool=True) as service:
        before = service.state()
        for _ in range(2):  # attaching again works
            with _attached(service) as observer:
                _is_in(observer, service)
                for _ in range(4):
                    service.told("hold")
                seen = observer.end()
            places = {finding.place for finding in seen.findings}
            assert {"pool-queue", "loop-thread"} <= places
            assert not any(sentence.startswith(LOST) for sentence in seen.missing)
            assert any(finding.thread == "mine_0" for finding in seen.findings)
            assert service.is_soon(before)


@lets_agents_in
def test_a_forked_child_has_nothing_of_the_agent() -> None:
    with _service() as service:
        before = service.state()
        with _attached(service) as observer:
            _is_in(observer, service)
            assert service.told("fork") == "0"
            assert service.state() != before
            observer.end()
        assert service.is_soon(before)


@lets_agents_in
def test_the_agent_leaves_when_the_observer_dies() -> None:
    with _service() as service:
        before = service.state()
        with _attached(service) as observer:
            _is_in(observer, service)
            os.kill(observer.pid, signal.SIGKILL)
            assert service.is_soon(before)


@lets_agents_in
def test_who_runs_no_python_is_asked_until_the_end_and_not_longer() -> None:
    with _service() as service:
        before = service.state()
        service.told("block")
        with _attached(service) as observer:
            assert any(sentence.startswith(LOST) for sentence in observer.news().missing)
            time.sleep(0.3)
            assert _why_not(observer.end())
        assert service.told("") == "no longer"
        assert service.state() == before


@lets_agents_in
def test_who_lets_nobody_in_is_named() -> None:
    with _service("-X", "disable-remote-debug") as service, _attached(service) as observer:
        deadline = time.monotonic() + TIME_LIMIT_S
        while not any("not enabled" in sentence for sentence in observer.news().missing):
            assert time.monotonic() < deadline
        assert "Remote debugging is not enabled" in _why_not(observer.end())


@pytest.mark.skipif(sys.platform != "linux" or sys.version_info >= (3, 14), reason="3.14 and later let agents in")
def test_an_older_python_is_named() -> None:
    with _service() as service, _attached(service) as observer:
        deadline = time.monotonic() + TIME_LIMIT_S
        while not any("lets no agent in" in sentence for sentence in observer.news().missing):
            assert time.monotonic() < deadline
        version = "{}.{}".format(*sys.version_info)
        assert f"Python {version} lets no agent in from outside" in _why_not(observer.end())


def test_what_somebody_else_has_replaced_since_is_left_to_them() -> None:
    class Library:
        def first(self) -> int:
            return 1

        def second(self) -> int:
            return 2

    class Derived(Library):
        pass

    first, second, theirs = Library.first, Library.second, lambda _: 3
    replaced = Replaced(lambda step: step)
    undone: list[int] = []
    replaced.put(Library, "first", lambda _: 4)
    replaced.put(Library, "first", lambda _: 5)
    replaced.put(Library, "second", lambda _: 6)
    replaced.put(Derived, "first", lambda _: 7)
    replaced.also(lambda: undone.append(1))
    Library.second = theirs  # type: ignore[method-assign]
    replaced.put_back()
    assert Library.first is first
    assert Library.second is theirs is not second
    assert "first" not in vars(Derived)
    assert undone == [1]


REFUSES = """
import sys, time
def hook(event, _):
    if event == "cpython.remote_debugger_script":
        raise RuntimeError("nobody comes in")
sys.addaudithook(hook)
print("ready", flush=True)
while not time.sleep(0.01): pass
"""


@lets_agents_in
def test_who_refuses_by_an_audit_hook_goes_on_and_it_is_said() -> None:
    command = [sys.executable, "-c", REFUSES]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as service:
        try:
            assert line(service) == "ready\n"
            with Observer() as observer:
                observer.begin(service.pid, enters=True)
                until = time.monotonic() + TIME_LIMIT_S
                while not any("an audit hook that refused" in each for each in observer.so_far().missing):
                    assert time.monotonic() < until
                    time.sleep(0.1)
                assert "an audit hook that refused" in _why_not(observer.end())
            assert service.poll() is None
        finally:
            service.kill()
        assert service.stderr is not None
        assert "nobody comes in" in service.stderr.read()  # CPython's own words, as the page says
