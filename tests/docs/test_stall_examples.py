"""The examples that hand stalls on: a real application stalls, and the line is where they say it goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

LATE = "time.sleep(0.2)"
WATCHES = """
import asyncio, sys, threading, time
import compare
told = threading.Event()
async def main(on_stall):
    def tell(stall):
        on_stall(stall)
        told.set()
    async with compare.watch(threshold_ms=50, on_stall=tell):
        await asyncio.sleep(0.05)
        time.sleep(0.2)
        assert await asyncio.to_thread(told.wait, 20)
"""
LOGGED = """
import asyncio, logging, threading
told = threading.Event()
class Handler(logging.Handler):
    def emit(self, record):
        if record.getMessage().endswith("clock_nanosleep"):
            told.set()
logging.basicConfig(format="%(message)s")
logging.getLogger("stalls").addHandler(Handler())
"""
"""A busy machine may keep the watch from looking during a whole hold: requests are made until one is told."""
ASGI = """
from asgi_stalls import app
async def main():
    said, asked = asyncio.Queue(), asyncio.Queue()
    async def answered(expected):
        assert (message := await said.get())["type"] == expected, message
    lifespan = asyncio.create_task(app({"type": "lifespan"}, asked.get, said.put))
    await asked.put({"type": "lifespan.startup"})
    await answered("lifespan.startup.complete")
    for _ in range(20):
        await app({"type": "http"}, asked.get, said.put)
        await answered("http.response.start")
        await answered("http.response.body")
        if await asyncio.to_thread(told.wait, 1):
            break
    await asked.put({"type": "lifespan.shutdown"})
    await lifespan
asyncio.run(main())
"""
UVICORN = """
import urllib.request
import uvicorn
from asgi_stalls import app
class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        threading.Thread(target=self.ask).start()
    def ask(self):
        port = self.servers[0].sockets[0].getsockname()[1]
        for _ in range(20):
            assert urllib.request.urlopen(f"http://127.0.0.1:{port}/").read() == b"late\\n"
            if told.wait(1):
                break
        self.should_exit = True
Server(uvicorn.Config(app, port=0)).run()
"""
AIOHTTP = """
import aiohttp
from aiohttp import web
from aiohttp_stalls import app
async def main():
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as session:
        for _ in range(20):
            async with session.get("http://{}:{}/".format(*runner.addresses[0])) as answer:
                assert await answer.text() == "late\\n"
            if await asyncio.to_thread(told.wait, 1):
                break
    await runner.cleanup()
asyncio.run(main())
"""
PROMETHEUS = """
import json
from prometheus_client import REGISTRY
from stalls_to_prometheus import measure
asyncio.run(main(measure))
(held,) = (metric for metric in REGISTRY.collect() if metric.name == "event_loop_held_seconds")
print(json.dumps({sample.name: [sample.labels, sample.value] for sample in held.samples}))
"""
OPENTELEMETRY = """
import json
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
kept, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(kept))
trace.set_tracer_provider(provider)
from stalls_to_opentelemetry import record
asyncio.run(main(record))
(span,) = kept.get_finished_spans()
print(json.dumps([span.name, dict(span.attributes), (span.end_time - span.start_time) / 1e6]))
"""


def _run(root: Path, tmp_path: Path, text: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "driver.py").write_text(text)
    path = os.pathsep.join([str(root), str(root / "docs" / "examples"), *sys.path])
    done = subprocess.run(
        [sys.executable, "driver.py"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=150, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


def _logged(root: Path, tmp_path: Path, text: str, example: str) -> None:
    path = root / "docs" / "examples" / example
    line = next(at for at, code in enumerate(path.read_text().splitlines(), 1) if LATE in code)
    told = [each for each in _run(root, tmp_path, LOGGED + text).stderr.splitlines() if "the loop was held for" in each]
    assert any(f"{path}:{line} in " in each and each.endswith("clock_nanosleep") for each in told), told


def test_asgi(root: Path, tmp_path: Path) -> None:
    _logged(root, tmp_path, ASGI, "asgi_stalls.py")


def test_asgi_under_uvicorn(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("uvicorn", exc_type=ImportError)
    _logged(root, tmp_path, UVICORN, "asgi_stalls.py")


def test_aiohttp(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("aiohttp", exc_type=ImportError)
    _logged(root, tmp_path, AIOHTTP, "aiohttp_stalls.py")


def test_prometheus(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("prometheus_client", exc_type=ImportError)
    samples = json.loads(_run(root, tmp_path, WATCHES + PROMETHEUS).stdout)
    labels, count = samples["event_loop_held_seconds_count"]
    assert (labels["place"], count) == ("loop-thread", 1)
    assert labels["site"].startswith(str(tmp_path / "driver.py"))
    assert samples["event_loop_held_seconds_sum"][1] > 0.1


def test_opentelemetry(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.sdk", exc_type=ImportError)
    name, attributes, ms = json.loads(_run(root, tmp_path, WATCHES + OPENTELEMETRY).stdout)
    assert name == "event loop held"
    assert (attributes["stall.call"], attributes["code.function.name"]) == ("clock_nanosleep", "main")
    assert attributes["code.file.path"] == str(tmp_path / "driver.py")
    assert ms > 100
