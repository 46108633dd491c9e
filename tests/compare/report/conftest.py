"""Comparisons as an observer would tell them, made up: what the reports are drawn from until a real one is at hand."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Any

import pytest

from compare.results import (
    Comparison,
    CpuSeconds,
    Finding,
    Lane,
    Latency,
    LoopHold,
    Observation,
    Run,
    Seconds,
    Site,
    Span,
)
from tests.browser import chromium_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from compare.results import Backend, Place, Role, State

Stretch = tuple[float, "State", str | None, str | None, Site | None]

PLACES: dict[State, Place] = {"lock": "lock", "gil": "gil", "page-fault": "page-fault", "stopped": "kernel"}
CODE = {21: "        return file.read()", 34: "    data = await file.read()", 12: "    return view[offset]"}
THRESHOLD_MS = 10.0


def _site(recipe: str, line: int = 21) -> Site:
    return Site(f"/project/recipes/file_read/{recipe}.py", line, "read_file")


def _lane(thread: str, role: Role | None, stretches: Iterable[Stretch], total_ms: float, rest: State = "idle") -> Lane:
    """Lays stretches one after the other and fills what is left with `rest`."""
    spans: list[Span] = []
    now = 0.0
    for ms, state, call, target, site in stretches:
        end = min(now + ms, total_ms)
        if end > now:
            spans.append(Span(now, end, state, call, target, site))
        now = end
    if now < total_ms:
        spans.append(Span(now, total_ms, rest))
    return Lane(thread, role, tuple(spans))


def _place(lane: Lane, state: State) -> Place:
    if state == "blocked":
        return "worker-thread" if lane.role == "worker" else "loop-thread"
    return "pool-queue" if state == "queue" else PLACES[state]


def _findings(lanes: Sequence[Lane]) -> tuple[Finding, ...]:
    """Adds the lanes up, as an observer that saw everything would."""
    groups: dict[tuple[Any, ...], list[float]] = {}
    for lane in lanes:
        for span in lane.spans:
            if span.state not in {"poller", "running", "idle"}:
                role = lane.role or "other"
                key = (_place(lane, span.state), lane.thread, role, span.call, span.target, span.site)
                groups.setdefault(key, []).append(span.end_ms - span.start_ms)
    told = [
        Finding(
            place, None, thread, role, call, target, site, CODE[site.line] if site else None, len(ms), sum(ms), max(ms)
        )
        for (place, thread, role, call, target, site), ms in groups.items()
    ]
    return tuple(sorted(told, key=lambda finding: -finding.total_ms))


def _observation(lanes: Sequence[Lane], total_ms: float) -> Observation:
    held = [
        span.end_ms - span.start_ms
        for lane in lanes
        if lane.role == "loop"
        for span in lane.spans
        if span.state not in {"poller", "running"} and span.end_ms - span.start_ms >= THRESHOLD_MS
    ]
    has_loop = any(lane.role == "loop" for lane in lanes)
    loop = LoopHold(len(held), max(held, default=0.0), sum(held)) if has_loop else None
    return Observation(_findings(lanes), loop, tuple(lanes), sum(lane.role is not None for lane in lanes), total_ms)


def _fifo(index: int) -> str:
    return f"/tmp/compare/slow-{index:02}"


def _held(recipe: str, files: int, each_ms: float, line: int = 21) -> Observation:
    stretches: list[Stretch] = []
    for index in range(files):
        stretches += [
            (0.6, "running", None, None, None),
            (each_ms, "blocked", "read", _fifo(index), _site(recipe, line)),
        ]
    stretches.append((1.0, "running", None, None, None))
    total = sum(stretch[0] for stretch in stretches) + 2.0
    return _observation([_lane("MainThread", "loop", stretches, total, "poller")], total)


def _pooled(recipe: str, files: int, each_ms: float, workers: int, name: str) -> Observation:
    rounds = -(-files // workers)
    total = rounds * (each_ms + 1.2) + 6.0
    loop: list[Stretch] = [(2.0, "running", None, None, None)]
    for _ in range(rounds):
        loop += [(each_ms - 0.4, "poller", "epoll_wait", None, None), (1.4, "running", None, None, None)]
    lanes = [_lane("MainThread", "loop", loop, total, "poller")]
    for worker in range(workers):
        turns: list[Stretch] = [(2.2 + worker * 0.05, "idle", None, None, None)]
        for index in range(worker, files, workers):
            turns += [
                (0.7, "running", None, None, None),
                (each_ms, "blocked", "read", _fifo(index), _site(recipe, 34)),
                (0.4, "idle", None, None, None),
            ]
        lanes.append(_lane(f"{name}_{worker}", "worker", turns, total))
    line: list[Stretch] = [(2.2, "idle", None, None, None)]
    lefts = range(files - workers, 0, -workers)
    line += [(each_ms + 1.1, "queue", None, f"{left} queued", _site(recipe, 34)) for left in lefts]
    if len(line) > 1:
        lanes.append(_lane("queued for the pool", None, line, total))
    return _observation(lanes, total)


def _quiet(total_ms: float) -> Observation:
    loop: list[Stretch] = [(1.5, "running", None, None, None), (total_ms - 4, "poller", "io_uring_enter", None, None)]
    loop.append((1.5, "running", None, None, None))
    return _observation([_lane("MainThread", "loop", loop, total_ms, "poller")], total_ms)


def _faulting(files: int) -> Observation:
    stretches: list[Stretch] = []
    for _ in range(files):
        stretches += [
            (1.0, "running", None, None, None),
            (13.0, "page-fault", None, None, _site("asyncio_mmap_mistake", 12)),
        ]
    total = sum(stretch[0] for stretch in stretches) + 3
    return _observation([_lane("MainThread", "loop", stretches, total, "poller")], total)


def _run(variant: str, backend: Backend | None, state: str, seen: Observation, verdict: str) -> Run:
    files = 16
    seconds = seen.duration_ms / 1000
    return Run(
        scenario="file",
        workload={"state": state, "files": files, "bytes": 65536, "concurrency": files},
        variant=variant,
        backend=backend,
        recipe=f"recipes/file_read/{variant}.py",
        libraries={"aiofiles": "25.1.0"} if "aiofiles" in variant else {},
        outcome="ok",
        exit_status=0,
        seconds=Seconds(seconds, seconds * 0.98, seconds * 1.07, (seconds, seconds * 0.98, seconds * 1.07)),
        operations=files,
        per_second=files / seconds,
        cpu_seconds=CpuSeconds(0.04, 0.02),
        threads=seen.threads,
        rss_mib=31.4,
        observation=seen,
        verdict=verdict,
    )


def _comparison(runs: Iterable[Run]) -> Comparison:
    return Comparison(
        command=("python", "-m", "compare", "file", "--state", "slow"),
        python="3.11.7",
        platform="Linux-6.1.0-x86_64",
        cpus=2,
        started="2026-03-01T10:00:00+00:00",
        runs=tuple(runs),
    )


def _slow_runs() -> list[Run]:
    held = "the loop thread waits in read on 16 FIFOs"
    return [
        _run("asyncio_blocking_mistake", "asyncio", "slow", _held("asyncio_blocking_mistake", 16, 50), held),
        _run("asyncio_aiofiles", "asyncio", "slow", _pooled("asyncio_aiofiles", 16, 50, 6, "asyncio"),
             "6 workers wait in read; 10 reads are queued"),
        _run("trio_open_file", "trio", "slow", _pooled("trio_open_file", 16, 50, 16, "Trio thread"),
             "16 workers wait in read; the loop is free"),
        _run("asyncio_mmap_mistake", "asyncio", "slow", _faulting(16), "the loop thread waits in page faults"),
        _run("urio_read", "asyncio", "slow", _quiet(56), "nothing in this process waits"),
    ]  # fmt: skip


@pytest.fixture
def slow_files() -> Comparison:
    """Five ways to read 16 slow files: each waits elsewhere."""
    return _comparison(_slow_runs())


@pytest.fixture
def held_net() -> Comparison:
    """Three workers held by silent clients, and a fourth client is queued."""
    total = 500.0
    site = Site("/project/recipes/tcp_echo/thread_pool.py", 21, "answer")
    workers = []
    for index in range(3):
        peer = f"127.0.0.1:4{index}000 -> 127.0.0.1:9999"
        held: list[Stretch] = [(5.0 * index, "idle", None, None, None), (470.0, "blocked", "recvfrom", peer, site)]
        workers.append(_lane(f"pool_{index}", "worker", held, total))
    accepting: list[Stretch] = [(total, "blocked", "accept4", "127.0.0.1:9999", site)]
    line: list[Stretch] = [(20.0, "idle", None, None, None), (470.0, "queue", None, "1 queued", site)]
    lanes = [_lane("MainThread", "main", accepting, total), *workers, _lane("queued for the pool", None, line, total)]
    run = Run(
        scenario="net", workload={"load": "hold", "clients": 4}, variant="thread_pool", backend=None,
        recipe="recipes/tcp_echo/thread_pool.py", libraries={}, outcome="ok", latency_ms=Latency(0.2, 480.1, 481.0),
        threads=4, observation=_observation(lanes, total),
        verdict="3 workers wait in recvfrom, a fourth client is queued",
    )  # fmt: skip
    return _comparison([run])


@pytest.fixture(scope="module")
def many() -> Comparison:
    """20 variants x 3 states, up to 40 threads each, tens of thousands of spans."""
    chance = random.Random(20)
    runs = []
    for state in ("warm", "cold", "slow"):
        for index in range(20):
            workers = (1, 4, 6, 16, 40)[index % 5]
            seen = _noisy(chance, f"variant_{index}", workers, 400 if state == "slow" else 120, 50)
            runs.append(_run(f"variant_{index:02}", "asyncio", state, seen, "workers wait in read"))
    return _comparison(runs)


def _noisy(chance: random.Random, recipe: str, workers: int, total_ms: float, pieces: int) -> Observation:
    lanes = []
    for worker in range(-1, workers):
        states: tuple[State, ...] = (
            ("running", "blocked", "idle", "lock", "gil") if worker >= 0 else ("running", "poller", "gil")
        )
        stretches: list[Stretch] = []
        for _ in range(pieces):
            state = chance.choice(states)
            call, target = ("read", _fifo(chance.randrange(16))) if state == "blocked" else (None, None)
            site = _site(recipe, 34) if state in {"blocked", "lock"} else None
            stretches.append((chance.expovariate(pieces / total_ms), state, call, target, site))
        role: Role = "worker" if worker >= 0 else "loop"
        lanes.append(
            _lane(
                f"pool_{worker}" if worker >= 0 else "MainThread",
                role,
                stretches,
                total_ms,
                "idle" if worker >= 0 else "poller",
            )
        )
    return _observation(lanes, total_ms)


@pytest.fixture
def hostile() -> Comparison:
    """Names that would run, break a table or move a cursor, if they were taken as they are."""
    name = "<script>alert(1)</script>|`x`\x1b[2J"
    site = Site('/tmp/"><img src=x onerror=alert(2)>.py', 21, "</script><b>")
    lane = _lane(name, "loop", [(40.0, "blocked", "read</script>", name, site)], 100.0, "poller")
    return _comparison([_run(name, "asyncio", "slow", _observation([lane], 100.0), f"</style>{name}\n=1+1")])


@pytest.fixture(scope="session")
def observe() -> Callable[[Sequence[Lane], float], Observation]:
    """Make an observation of some lanes, with the findings that they amount to."""
    return _observation


@pytest.fixture(scope="session")
def compare_seen() -> Callable[..., Comparison]:
    """Make a comparison with one run for each observation; names and verdict may be given."""

    def make(
        *seen: Observation, variant: str = "asyncio_aiofiles", verdict: str = "", state: str = "slow"
    ) -> Comparison:
        return _comparison(_run(variant, "asyncio", state, each, verdict) for each in seen)

    return make


@pytest.fixture(scope="session")
def trace_rules() -> Callable[[dict[str, Any]], list[str]]:
    """The rules of "Trace Event Format" (Google, 2016), as far as its viewers hold anyone to them.

    An object holds an array `traceEvents` (JSON Object Format); each event has `name`, `ph`, `pid`, `tid` and, except
    metadata, `ts` in microseconds; `X` also has `dur` (Complete Events), and those of one thread nest or follow each
    other (Duration Events); `C` has a series of numbers in `args` (Counter Events); `M` has one of the known names
    with the argument that belongs to it (Metadata Events); `args` is an object.
    """
    return _broken_rules


METADATA = {
    "process_name": ("name", str),
    "process_labels": ("labels", str),
    "process_sort_index": ("sort_index", int),
    "thread_name": ("name", str),
    "thread_sort_index": ("sort_index", int),
}


def _broken_rules(trace: dict[str, Any]) -> list[str]:
    broken = [] if trace.get("displayTimeUnit") in {"ms", "ns"} else ["displayTimeUnit"]
    events = trace["traceEvents"]
    timed = [event for event in events if event["ph"] != "M"]
    for event in events:
        numbers = isinstance(event["pid"], int) and isinstance(event["tid"], int)
        if not (isinstance(event["name"], str) and numbers and RULES[event["ph"]](event)):
            broken.append(f"fields: {event}")
    broken += [f"order: {after}" for before, after in itertools.pairwise(timed) if after["ts"] < before["ts"]]
    tracks: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for event in timed:
        if event["ph"] == "X":
            tracks.setdefault((event["pid"], event["tid"]), []).append((event["ts"], event["ts"] + event["dur"]))
    for track, stretches in tracks.items():
        pairs = itertools.pairwise(sorted(stretches))
        broken += [f"overlap in {track} at {after[0]}" for before, after in pairs if after[0] < before[1]]
    return broken


def _metadata_is_known(event: dict[str, Any]) -> bool:
    key, type_ = METADATA[event["name"]]
    return isinstance(event["args"][key], type_)


RULES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "M": _metadata_is_known,
    "X": lambda event: event["ts"] >= 0 and event["dur"] > 0 and isinstance(event["args"], dict),
    "C": lambda event: all(isinstance(value, int | float) for value in event["args"].values()),
}


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One browser for all tests here: of a wider scope than the checks for leaks, so it is no test's leak."""
    with chromium_in(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser
