"""`python -m benchmarks file`: read files in every way, one work after another."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import socket
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from benchmarks import file_works as ways
from benchmarks import fio
from benchmarks.file_child import PAGE, STAMP, page
from benchmarks.file_works import Way
from benchmarks.measure import SECONDS, Case, Figures, UnavailableError, Work, WrongError, interleave, progress, rows
from compare.catalogue import NoRoomError
from compare.process.host import EndedError, Host
from compare.scenarios.file.sources import Fifos
from compare.scenarios.net.options import processors
from compare.scenarios.shared.job import PINNED_MALLOC
from compare.scenarios.shared.page_cache import warm
from compare.scenarios.shared.storage import Files, content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.__main__ import Options
    from benchmarks.measure import Goal, Row
    from compare.process.host import Child

WORKS = ("small-warm", "small-cold", "many-warm", "large-warm", "random-cold", "fifos-64", "fifos-1000", "lines")
ANSWER_S = 120.0
PING_S = 0.001
DELAY_S = 0.05
LEAST_S = 0.2
"""A pass that is shorter is repeated until so many seconds are over: one interruption would spoil it."""

LINE = 80
SLOW_LINES = 5000
"""So many lines say what one costs, where a line takes a hundred microseconds."""


def measure(options: Options) -> list[Row]:
    """Measure the works that are asked for.

    Raises:
        UnavailableError: when there is no room for the files.
    """
    return measured(options, WORKS, Bench)


def measured(options: Options, works: Sequence[str], kind: type[Bench]) -> list[Row]:
    """Measure those works that are asked for."""
    made: list[Row] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-"))).resolve()
        bench = kind(options, folder, stack)
        try:
            for work in works:
                if options.wants(work):
                    made += bench.work(work)
        except NoRoomError as error:
            raise UnavailableError(str(error)) from None
    return made


@contextmanager
def _elsewhere(cpus: tuple[int, ...]) -> Iterator[None]:
    """Keep this process, its pings and the FIFOs' writer off the processors that are measured on."""
    if not cpus:
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, allowed - set(cpus) or allowed)
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


class Pings:
    """A thread of this process that asks a loop of another, every millisecond, whether it is there."""

    def __init__(self, stack: ExitStack) -> None:
        """Ask nobody yet."""
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ours.setblocking(False)
        for end in (self.ours, self.theirs):
            stack.callback(end.close)

    @contextmanager
    def sent(self) -> Iterator[None]:
        """Ask, for as long as this lasts."""
        over = threading.Event()
        thread = threading.Thread(target=self._send, args=(over,), name="pings")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _send(self, over: threading.Event) -> None:
        while not over.wait(PING_S):
            try:
                self.ours.send(STAMP.pack(time.monotonic_ns()))
            except BlockingIOError:  # the loop takes none up, and there is no room for more: the first ones tell
                continue


@dataclass(frozen=True, slots=True)
class Plan:
    """What one work is made of.

    Attributes:
        title: of its table.
        unit: of a time, for each of `count`.
        count: how many of that unit are in a pass.
        scale: units in a second.
        ways: that take part.
        message: what a child is sent for each pass.
        goals: of ours.
        limit: the row that is the limit.
        stalls: whether pings are made too.
        timed: whether times are told.
    """

    title: str
    unit: str
    count: int
    scale: float
    ways: tuple[Way, ...]
    message: dict[str, Any]
    goals: tuple[Goal, ...]
    limit: str
    stalls: bool = False
    timed: bool = True


class Bench:
    """One work at a time."""

    child = "benchmarks.file_child"
    idle: ClassVar[dict[str, str]] = {"a loop that does nothing else": "sleep"}
    """Loops whose stalls are the machine's doing, and what of `benchmarks.idle` each awaits."""

    def __init__(self, options: Options, folder: Path, stack: ExitStack, *, pinned: bool = True) -> None:
        """Nothing is made before a work is asked for; `pinned` to one processor, or not."""
        self.options, self.folder = options, folder
        self.cpus = processors(1) if pinned else ()
        stack.enter_context(_elsewhere(self.cpus))
        self.host = stack.enter_context(Host())
        self.pings = Pings(stack)

    def work(self, name: str) -> list[Row]:
        """Prepare, measure and tidy up."""
        folder = self.folder / name
        folder.mkdir()
        progress(f"{name}: making files")
        try:
            kind, _, detail = name.partition("-")
            prepare: Callable[..., Plan] = getattr(self, f"_{kind}")
            plan = prepare(folder, detail)
            if name.startswith("fifos"):
                fifos = Fifos(self.host, folder, plan.count, 1024, DELAY_S)
                try:
                    return self._measure(plan, self._delay(), lambda: _prepared(fifos), lambda: fifos.finish(None))
                finally:
                    fifos.close()
            extra = self._fio(plan) if kind == "random" else []
            return self._measure(plan, extra)
        finally:
            shutil.rmtree(folder)

    def _small(self, folder: Path, state: str) -> Plan:
        message = self._files(folder, 64, 4096)
        repeat = 2 if self.options.quick else 16
        if state == "cold":
            title = "4 KiB, cold, one at a time: the longest stall of the loop"
            least = tuple(way for way in ways.SMALL if way.backend)
            return Plan(
                title, "µs a read", 64, 1e6, least, message | {"evict": True}, ways.SMALL_COLD_GOALS, "",
                stalls=True, timed=False,
            )  # fmt: skip
        message |= {"paths": message["paths"] * repeat, "digests": message["digests"] * repeat}
        message["least_s"] = LEAST_S
        count = len(message["paths"])
        title = "4 KiB, warm, one at a time"
        return Plan(title, "µs a read", count, 1e6, ways.SMALL, message, ways.SMALL_GOALS, "os.open + os.read")

    def _many(self, folder: Path, _state: str) -> Plan:
        message = self._files(folder, 256, 65536) | {"least_s": LEAST_S}
        title = "64 KiB × 256 at once, warm"
        return Plan(title, "µs a file", 256, 1e6, ways.MANY, message, ways.MANY_GOALS, "os.read", stalls=True)

    def _large(self, folder: Path, _state: str) -> Plan:
        message = self._files(folder, 1, 64 << 20)
        title = "64 MiB, warm"
        return Plan(
            title, "ms a file", 1, 1e3, ways.LARGE, message, ways.LARGE_GOALS, "inline readinto", stalls=True
        )  # fmt: skip

    def _random(self, folder: Path, _state: str) -> Plan:
        pages, reads = (1 << 14, 2048) if self.options.quick else (1 << 18, 16384)
        path = folder / "pages"
        with path.open("wb") as file:
            for number in range(pages):
                file.write(page(number))
        offsets = [number * PAGE for number in self.options.chooser.sample(range(pages), reads)]
        message = _message([str(path)], [], evict=True) | {"offsets": offsets}
        title = f"4 KiB random, cold, 256 in flight ({reads} reads of {pages * PAGE >> 20} MiB)"
        return Plan(
            title, "µs a read", reads, 1e6, ways.RANDOM, message, ways.RANDOM_GOALS, "fio io_uring", stalls=True
        )  # fmt: skip

    def _fifos(self, _folder: Path, count: str) -> Plan:
        taking_part = tuple(way for way in ways.FIFOS if not (way.slow and self.options.quick and count == "1000"))
        goals = ways.fifo_goals(60.0 if count == "64" else 150.0)
        title = f"{count} FIFOs of {DELAY_S * 1000:.0f} ms"
        return Plan(title, "ms", int(count), int(count) * 1e3, taking_part, {}, goals, "the delay itself")

    def _lines(self, folder: Path, _state: str) -> Plan:
        count = (5 if self.options.quick else 100) * (1 << 20) // LINE
        alphabet = "abcdefghijklmnopqrstuvwxyz0123456789äöü€"
        letters = random.Random(0)
        texts = ["".join(letters.choices(alphabet, k=LINE - 1)) + "\n" for _ in range(1000)]
        whole, part = hashlib.blake2b(), hashlib.blake2b()
        path = folder / "text"
        with path.open("wb") as file:
            for number in range(count):
                line = (f"{number:09}" + texts[number % 1000][9:]).encode()
                file.write(line)
                whole.update(line)
                if number < SLOW_LINES:
                    part.update(line)
        warm([str(path)])
        message = _message([str(path)], [whole.hexdigest()]) | {"lines": count, "length": LINE}
        message["slow"] = {"most": SLOW_LINES, "lines": SLOW_LINES, "digests": [part.hexdigest()]}
        title = f"lines of a {path.stat().st_size >> 20} MiB text"
        return Plan(title, "µs a line", count, 1e6, ways.LINES, message, ways.LINES_GOALS, "for line in file")

    def _files(self, folder: Path, count: int, size: int) -> dict[str, Any]:
        paths, digests = [], []
        for number in range(count):
            path, data = folder / f"{number:05}", content(number, size)
            path.write_bytes(data)
            paths.append(str(path))
            digests.append(hashlib.blake2b(data).hexdigest())
        warm(paths)
        return _message(paths, digests)

    def _delay(self) -> list[Case]:
        return [Case("the delay itself", "limit", lambda: {"ms": DELAY_S * 1000})]

    def _fio(self, plan: Plan) -> list[Case]:
        def engine(name: str, depth: int) -> Case:
            def run() -> Figures:
                path = plan.message["paths"][0]
                return {plan.unit: fio.microseconds_a_read(path, plan.count, name, depth, cpus=self.cpus)}

            return Case(f"fio {name}", "limit", run, most_rounds=1000 if depth > 1 else 2)

        return [engine("io_uring", 256), engine("psync", 1)]

    def _measure(
        self,
        plan: Plan,
        extra: list[Case],
        prepare: Callable[[], dict[str, Any]] = dict,
        finish: Callable[[], object] = lambda: None,
    ) -> list[Row]:
        readers = [Reader(self, way, plan, prepare, finish) for way in plan.ways]
        try:
            cases = [*extra, *(Case(reader.way.name, reader.way.kind, reader.run) for reader in readers)]
            for name, function in self.idle.items() if plan.stalls else ():
                way = Way(name, "limit", "asyncio", "benchmarks.idle", function, "nothing")
                readers.append(Reader(self, way, plan, prepare, finish))
                cases.append(Case(name, "limit", readers[-1].pinged))
            seen = interleave(self.options.among(cases), self.options.rounds, self.options.chooser)
        finally:
            for reader in readers:
                reader.close()
        units = {plan.unit: True} if plan.timed else {}
        units |= {"ms stall": False} if plan.stalls else {}
        return rows(Work(plan.title, units, plan.limit, "aiofiles", plan.goals), seen)


class Reader:
    """One way in a child of its own, for one work."""

    def __init__(
        self,
        bench: Bench,
        way: Way,
        plan: Plan,
        prepare: Callable[[], dict[str, Any]],
        finish: Callable[[], object],
    ) -> None:
        """Start nothing before the first pass."""
        self.bench, self.way, self.plan = bench, way, plan
        self.prepare, self.finish = prepare, finish
        self.child: Child | None = None
        self.message = dict(plan.message)
        slow = self.message.pop("slow", None)
        self.count = plan.count
        if way.slow and slow:
            self.message |= slow
            self.count = slow["lines"]

    def run(self) -> Figures:
        """One pass, and one more under pings."""
        if self.child is None:
            self._start()
        figures: Figures = {}
        if self.plan.timed:
            seconds = self._pass({})["seconds"]
            figures = {self.plan.unit: seconds / self.count * self.plan.scale, SECONDS: seconds}
        if self.plan.stalls:
            figures |= self.pinged()
        return figures

    def pinged(self) -> Figures:
        """One pass under pings."""
        if self.child is None:
            self._start()
        return {"ms stall": self._pass({"ping": True})["stall"] * 1000}

    def _start(self) -> None:
        if why := self.way.unavailable:
            raise UnavailableError(why)
        theirs = self.bench.pings.theirs.fileno()
        job = {
            "module": self.way.module, "function": self.way.function, "backend": self.way.backend,
            "style": self.way.style, "cpus": list(self.bench.cpus), "pings": theirs,
            "buffer": 64 << 20 if self.way.style == "into" else 0,
        }  # fmt: skip
        self.child = self.bench.host.start(self.bench.child, job, env=PINNED_MALLOC, fds=(theirs,))
        self._answer()
        if self.plan.timed:
            self._pass({"checked": True})

    def _pass(self, more: dict[str, Any]) -> dict[str, Any]:
        assert self.child is not None
        message = {**self.message, **self.prepare(), **more}
        self.child.send(message)
        try:
            if "ping" in more:
                self._answer()
                with self.bench.pings.sent():
                    self.child.send({"go": True})
                    answer = self._answer()
            else:
                answer = self._answer()
        finally:
            self.finish()
        if answer["wrong"]:
            raise WrongError(answer["wrong"])
        return answer

    def _answer(self) -> dict[str, Any]:
        assert self.child is not None
        try:
            answer = self.bench.host.receive(self.child, ANSWER_S)
        except EndedError as error:
            message = f"its process {error}"
            raise UnavailableError(message) from None
        except TimeoutError:
            message = f"not done within {ANSWER_S:.0f} s"
            raise UnavailableError(message) from None
        if "trouble" in answer:
            raise UnavailableError(answer["trouble"])
        return answer

    def close(self) -> None:
        """End the child."""
        if self.child is not None:
            self.bench.host.end(self.child)
            self.child = None


def _message(paths: Sequence[str], digests: Sequence[str], *, evict: bool = False) -> dict[str, Any]:
    return {"paths": list(paths), "digests": list(digests), "evict": evict, "checked": False, "most": 0, "least_s": 0.0}


def _prepared(fifos: Fifos) -> dict[str, Any]:
    files: Files = fifos.prepare()
    count = len(files.paths)
    return _message(files.paths, [hashlib.blake2b(content(index, 1024)).hexdigest() for index in range(count)])
