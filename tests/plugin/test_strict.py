"""`no_blocking(strict=True)`: any call of a loop's thread that may block fails a test, whatever it took."""

from __future__ import annotations

import inspect
import queue
import re
import threading
from typing import TYPE_CHECKING, Any

import pytest

from compare.observe.in_process.strict_window import is_call
from compare.results import Finding, Site

if TYPE_CHECKING:
    from collections.abc import Callable

BACKENDS = ("asyncio", "uvloop", "trio")

CALLS = '''
"""Twelve calls that may block, most of them short on a warm machine: each is the last line of a function of its own."""

import fcntl
import os
import queue
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

LATE_S = 0.1
SHORT_S = 1e-6 if sys.version_info >= (3, 13) else LATE_S  # before that, only the observer sees it


def opens_a_file():
    return Path(__file__).read_bytes()

def lists_a_folder():
    return os.listdir(".")

def scans_a_folder():
    return any(os.scandir("."))

def makes_a_folder():
    os.makedirs("made", exist_ok=True)

def removes_a_file():
    return Path("nothing").unlink(missing_ok=True)

def sleeps():
    time.sleep(SHORT_S)

def starts_a_program():
    subprocess.run([sys.executable, "-S", "-c", ""])

def connects():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.connect(server.getsockname())

def asks_for_a_name():
    return socket.getaddrinfo("localhost", 80)

def opens_a_database():
    return sqlite3.connect("data.db").close()

def receives():
    one, other = socket.socketpair()
    timer = threading.Timer(LATE_S, other.send, (b"x",))
    timer.start()
    with one, other:
        one.recv(1)

def waits_for_a_queue():
    answers = queue.Queue()
    threading.Timer(LATE_S, answers.put, (1,)).start()
    answers.get()

KNOWN = [opens_a_file, lists_a_folder, scans_a_folder, makes_a_folder, removes_a_file, sleeps, starts_a_program,
         connects, asks_for_a_name, opens_a_database, receives, waits_for_a_queue]
'''
NAMES = re.findall(r"^def (\w+)", CALLS, re.MULTILINE)
LINES = {name: CALLS.partition(f"def {name}(")[2].partition("\n\n")[0].splitlines()[-1].strip() for name in NAMES}
ANYIO = """
import anyio, anyio.to_thread, pytest, calls

pytestmark = [pytest.mark.anyio, pytest.mark.no_blocking(strict=True)]
names = pytest.mark.parametrize("call", calls.KNOWN, ids=lambda call: call.__name__)

@names
async def test_calls(call):
    await anyio.sleep(0)
    call()

@names
async def test_hands_over(call):
    await anyio.to_thread.run_sync(call)
"""


def test_the_twelve_are_known() -> None:
    assert len(NAMES) == 12


def test_twelve_calls_on_each_backend(inner: Callable[..., Any]) -> None:
    ran = inner({"calls.py": CALLS, "test_inner.py": ANYIO})
    guilty = {f"test_calls[{backend}-{name}]": LINES[name] for backend in BACKENDS for name in NAMES}
    assert len(ran.failures) == 2 * len(guilty)
    assert {name: ran.line(name) for name in ran.failed} == guilty, ran.output
    assert all(ran.field(name, "way out") for name in ran.failed)


@pytest.mark.parametrize(("plugin", "library"), [("asyncio", "asyncio"), ("trio", "trio")])
def test_twelve_calls_under_other_runners(inner: Callable[..., Any], plugin: str, library: str) -> None:
    ran = inner(
        {
            "calls.py": CALLS,
            "test_inner.py": f"""
                import {library}, pytest, calls

                @pytest.mark.{plugin}
                @pytest.mark.parametrize("call", calls.KNOWN, ids=lambda call: call.__name__)
                async def test_calls(call):
                    await {library}.sleep(0)
                    call()

                @pytest.mark.{plugin}
                async def test_clean():
                    await {library}.sleep(0.01)
            """,
        },
        "--no-blocking-strict",
        plugins=plugin,
    )
    assert {name: ran.line(name) for name in ran.failed} == {f"test_calls[{name}]": LINES[name] for name in NAMES}
    assert len(ran.failures) == 13


CLEAN = '''
"""A service as one should be: files in threads, pauses awaited, children run by the loop; tested as FastAPI says."""

import asyncio
import gc
import mimetypes
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, WebSocket
from fastapi.responses import FileResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from fastapi.testclient import TestClient
from pydantic import BaseModel

gc.collect()
gc.freeze()  # what the libraries keep takes 50 ms to look through, at whatever line happens to allocate

HERE = Path(__file__)
mimetypes.init()  # once, before a loop runs: it reads /etc/mime.types

@asynccontextmanager
async def lifespan(app):
    app.state.text = await anyio.Path(HERE).read_text()
    yield

app = FastAPI(lifespan=lifespan)
app.mount("/static", StaticFiles(directory=HERE.parent))

class Item(BaseModel):
    name: str
    price: float = 0

def in_a_thread():
    return HERE.read_text()

@app.get("/plain")
async def plain(name: str = "x"):
    return {"name": name}

@app.post("/items")
async def items(item: Item) -> Item:
    return item

@app.get("/sync")
def sync():
    return len(HERE.read_bytes())

@app.get("/depends")
async def depends(text=Depends(in_a_thread)):
    return len(text)

@app.get("/reads")
async def reads():
    return len(await anyio.Path(HERE).read_bytes())

@app.get("/file")
async def file():
    return FileResponse(HERE)

@app.get("/stream")
async def stream():
    async def parts():
        for part in range(3):
            await anyio.sleep(0.001)
            yield str(part)
    return StreamingResponse(parts())

@app.get("/later")
async def later(tasks: BackgroundTasks):
    tasks.add_task(in_a_thread)
    return "later"

@app.get("/child")
async def child():
    process = await asyncio.create_subprocess_exec(sys.executable, "-S", "-c", "")
    return await process.wait()

@app.get("/missing")
async def missing():
    raise RuntimeError("a fault of its own")

@app.websocket("/socket")
async def socket(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
    await websocket.close()

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", BACKENDS)]
BOTH = "/plain", "/sync", "/depends", "/reads", "/file", "/stream", "/later", f"/static/{HERE.name}"
urls = pytest.mark.parametrize("url", BOTH)

def client():
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")

@urls
async def test_get(url):
    async with client() as http:
        assert (await http.get(url)).status_code == 200

@urls
async def test_at_once(url):
    async with client() as http, anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(http.get, url)

async def test_post():
    async with client() as http:
        assert (await http.post("/items", json={"name": "a", "price": 1})).json()["name"] == "a"
        assert (await http.post("/items", json={"price": "no"})).status_code == 422
        assert (await http.get("/missing")).status_code == 500

async def test_child(anyio_backend):
    if anyio_backend != "trio":
        async with client() as http:
            assert (await http.get("/child")).json() == 0

async def test_connects(anyio_backend):
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        async with await anyio.connect_tcp("127.0.0.1", port):
            await listener.listeners[0].aclose()

@pytest.mark.no_blocking
@urls
def test_sync_client(url, anyio_backend):
    with TestClient(app) as http:
        assert http.get(url).status_code == 200

@pytest.mark.no_blocking
def test_sync_websocket(anyio_backend):
    with TestClient(app) as http, http.websocket_connect("/socket") as websocket:
        websocket.send_text("hello")
        assert websocket.receive_text() == "hello"
'''


def test_a_clean_service_passes(inner: Callable[..., Any]) -> None:
    pytest.importorskip("fastapi")
    pytest.importorskip("httpx")
    ran = inner(CLEAN.replace("BACKENDS", repr(["asyncio", "trio"])), "--no-blocking-strict", plugins="anyio")
    assert len(ran.failures) == 2 * 28
    assert ran.failed == set(), ran.output
    assert "not seen" not in ran.output


HEAD = """
import asyncio, os, sys, time
import anyio, pytest

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio"])]
"""


def test_what_is_no_blocking_call(inner: Callable[..., Any]) -> None:
    ran = inner(
        HEAD
        + """
        import contextlib, fcntl, importlib, logging, socket, sqlite3, warnings

        @pytest.fixture
        def late_module(tmp_path, monkeypatch):
            tmp_path.joinpath("late_module.py").write_text("open(__file__).close()")
            monkeypatch.syspath_prepend(tmp_path)

        async def test_modules(late_module):
            importlib.import_module("late_module")

        async def test_traceback():
            try:
                raise ValueError
            except ValueError:
                logging.getLogger("here").exception("told with its lines")

        async def test_no_wait(tmp_path):
            time.sleep(0)
            sqlite3.connect(":memory:").close()
            open(os.dup(0)).close()
            open("/proc/self/status").close()
            open("/dev/null").close()
            socket.getaddrinfo("127.0.0.1", 80)
            with socket.socket(type=socket.SOCK_DGRAM) as udp, socket.create_server(("127.0.0.1", 0)) as server:
                udp.connect(server.getsockname())
                with socket.socket() as client:
                    client.setblocking(False)
                    with contextlib.suppress(BlockingIOError):
                        client.connect(server.getsockname())
            reader, writer = os.pipe()
            with open(reader), open(writer, "w") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                fcntl.flock(file, fcntl.LOCK_UN)

        async def test_the_loops_own(tmp_path):
            server = await asyncio.start_unix_server(lambda *_: None, "socket")
            process = await asyncio.create_subprocess_exec(sys.executable, "-S", "-c", "")
            await process.wait()
            server.close()

        @pytest.mark.no_blocking(strict=False)
        async def test_not_asked():
            os.listdir()

        def test_no_loop(anyio_backend):
            os.listdir()
        """.replace("\n        ", "\n"),
        "--no-blocking-strict",
    )
    assert ran.failed == set(), ran.output
    assert len(ran.failures) == 6


def test_how_it_is_asked_and_allowed(inner: Callable[..., Any]) -> None:
    text = (
        HEAD
        + """
def settings():
    return os.listdir()

@pytest.mark.parametrize("n", [1, 2])
async def test_all(n):
    settings()
    for _ in range(n):
        settings(), os.scandir().close()

@pytest.mark.no_blocking(strict=True, allow={"test_inner.py::settings": "read once"})
async def test_allowed():
    settings()

@pytest.mark.no_blocking(strict=True, allow={"test_inner.py::settings": "read once"})
def test_in_a_loop_of_its_own(anyio_backend):
    async def other():
        settings()
        os.makedirs("made", exist_ok=True)
    asyncio.run(other())
"""
    )
    marked = inner(text)
    assert marked.failed == {"test_in_a_loop_of_its_own[asyncio]"}, marked.output
    assert marked.line("test_in_a_loop_of_its_own[asyncio]") == 'os.makedirs("made", exist_ok=True)'
    asked = inner(text, ini="no_blocking_strict = true")
    assert asked.failed == marked.failed | {"test_all[1-asyncio]", "test_all[2-asyncio]"}
    told = asked.failures["test_all[2-asyncio]"]
    assert "`os.listdir` for ., which may block at" in told
    assert "(and 1 more)" in told
    assert re.findall(r"^E +count: +(.*)$", told, re.MULTILINE) == ["3 times", "2 times"]
    assert "Allowed: no call that may block, whatever it took (strict)." in told


def test_what_the_hook_does_is_no_tests_matter(inner: Callable[..., Any]) -> None:
    ran = inner(
        HEAD
        + """
import signal, threading
from async_io_cookbook.observe.in_process import audited_calls

pytestmark.append(pytest.mark.no_blocking(strict=True))

class Odd(os.PathLike):
    def __fspath__(self):
        calls.append(1)
        return "."

calls = []

async def test_a_path_is_asked_no_more_often_than_without():
    os.listdir(Odd())
    assert len(calls) == 1

async def test_it_fails(monkeypatch):
    monkeypatch.setattr(audited_calls.Calls, "hear", lambda *_: 1 / 0)
    os.listdir()

async def test_a_fork(tmp_path):
    child = os.fork()
    if not child:
        os.listdir()
        os._exit(7)
    ended = await anyio.to_thread.run_sync(os.waitpid, child, 0)
    assert os.waitstatus_to_exitcode(ended[1]) == 7
""",
        "-W",
        "ignore::DeprecationWarning",
    )
    # On a busy machine a fork waits for locks, which is seen for what it is.
    of_locks = {name for name, told in ran.failures.items() if "place:   lock" in (told or "")}
    assert ran.failed - of_locks == {"test_a_path_is_asked_no_more_often_than_without[asyncio]"}, ran.output
    assert "BlockingError" in ran.failures["test_a_path_is_asked_no_more_often_than_without[asyncio]"]
    assert "ZeroDivisionError" in ran.output


def test_a_program_with_hooks_of_its_own(inner: Callable[..., Any]) -> None:
    ran = inner(
        HEAD
        + """
heard = []
pytestmark.append(pytest.mark.no_blocking(strict=True))

async def test_before():
    os.listdir()

async def test_adds(anyio_backend):
    sys.addaudithook(lambda event, arguments: heard.append(event))
    os.listdir()
    assert "sys._getframe" not in heard

async def test_after():
    heard.clear()
    os.listdir()
    assert heard == ["os.listdir"]
"""
    )
    assert ran.failed == {"test_before[asyncio]"}, ran.output
    assert (
        "not seen in test_inner.py::test_adds[asyncio] and 1 more: calls that may block: the program has" in ran.output
    )


def test_a_mutex_of_the_librarys_own_is_no_call_and_a_wait_for_an_event_is() -> None:
    user = Site("/srv/app.py", 3, "handler", "user")

    def waited_at(function: Any, code: str) -> Finding:
        lines, first = inspect.getsourcelines(function)
        line = next(number for number, text in enumerate(lines, first) if text.strip().startswith(code))
        stack = (Site(inspect.getfile(function), line, function.__qualname__, "library"), user)
        return Finding("lock", None, "MainThread", "loop", "futex", "a lock", user, None, 1, 2.1, 2.1, stack=stack)

    assert not is_call(waited_at(queue.Queue.put, "with self.not_full"))
    assert is_call(waited_at(queue.Queue.put, "self.not_full.wait"))
    assert is_call(waited_at(threading.Event.wait, "signaled = self._cond.wait"))
