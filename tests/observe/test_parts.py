"""The observer's parts, each by itself: the ring, the lanes, system calls, whose file it is, and the judge."""

from __future__ import annotations

import os
import sysconfig
from typing import TYPE_CHECKING

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compare.observe.agent import channel, filenames
from compare.observe.agent.channel import Kind, Ring
from compare.observe.interpreter import sites
from compare.observe.interpreter.views import View
from compare.observe.judge.judge import Judge
from compare.observe.judge.lanes import Lanes
from compare.observe.judge.segments import Segment
from compare.observe.kernel import system_calls as syscalls
from compare.observe.kernel import threads as kernel_threads
from compare.report.check import disagreements
from compare.results import Observation, Site, State

if TYPE_CHECKING:
    from collections.abc import Iterator

MS = 1_000_000


# --- the ring --------------------------------------------------------------------------------------------------


@pytest.fixture
def ring() -> Iterator[tuple[Ring, Ring]]:
    descriptor = Ring.create()
    agent, sampler = Ring(descriptor), Ring(descriptor)
    os.close(descriptor)
    yield agent, sampler
    agent.close()
    sampler.close()


def test_what_is_written_is_read_once_and_in_order(ring: tuple[Ring, Ring]) -> None:
    agent, sampler = ring
    for number in range(1, 101):
        agent.write(number, number * 7, int(Kind.ASKED), 42, number, 2, 3, 4, 5)
    read = list(sampler.read())
    assert [record.first for record in read] == list(range(1, 101))
    assert read[9] == (70, Kind.ASKED, 42, 10, 2, 3, 4, 5)
    assert list(sampler.read()) == []


def test_a_reader_that_is_overtaken_goes_on_with_what_is_there(ring: tuple[Ring, Ring]) -> None:
    agent, sampler = ring
    last = channel.RECORDS + 10
    for number in range(1, last + 1):
        agent.write(number, 0, int(Kind.PONG), 1, number, 0, 0, 0, 0)
    read = [record.first for record in sampler.read()]
    assert read == sorted(read)
    assert read[-1] == last
    assert len(read) <= channel.RECORDS
    assert sampler.lost == last - len(read)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=9))
def test_texts_come_through(texts: list[str]) -> None:
    descriptor = Ring.create()
    memory = Ring(descriptor)
    os.close(descriptor)
    for number, text in enumerate(texts, 1):
        memory.write_text(number, text.encode())
    assert [memory.text(number) for number in range(1, len(texts) + 1)] == [
        text.encode()[: channel.TEXT_BYTES].decode(errors="replace") for text in texts
    ]
    memory.close()


def test_a_text_that_was_written_over_is_told_as_lost(ring: tuple[Ring, Ring]) -> None:
    agent, sampler = ring
    for number in (1, 1 + channel.TEXTS):
        agent.write_text(number, str(number).encode())
    assert sampler.text(1) is None
    assert sampler.text(1 + channel.TEXTS) == str(1 + channel.TEXTS)


@given(st.lists(st.integers(0, (1 << 32) - 1)), st.binary(max_size=3))
def test_requests_come_through_and_half_a_one_does_not(wanted: list[int], torn: bytes) -> None:
    data = b"".join(channel.request(each) for each in wanted)
    assert list(channel.requests(data + torn)) == wanted


# --- system calls ----------------------------------------------------------------------------------------------


def test_a_call_is_parsed() -> None:
    call = kernel_threads.parse_call(b"0 0x3 0x7f00 0x10 0x0 0x0 0x0 0x7ffe10 0x7f1234\n")
    assert (call.number, call.arguments) == (0, (3, 0x7F00, 16, 0, 0, 0))
    assert (call.stack_pointer, call.instruction) == (0x7FFE10, 0x7F1234)
    assert kernel_threads.parse_call(b"-1 0x7ffe10 0x7f1234\n").number == -1


def test_calls_have_the_names_that_the_kernel_gives_them() -> None:
    assert set(syscalls.NAMES.values()) >= {
        "read",
        "futex",
        "epoll_pwait",
        "clock_nanosleep",
        "io_uring_enter",
        "waitid",
    }
    assert len(set(syscalls.NAMES.values())) == len(syscalls.NAMES)


def test_which_calls_wait_for_a_lock() -> None:
    assert syscalls.is_lock("futex", ())
    assert syscalls.is_lock("fcntl", (3, 7))
    assert not syscalls.is_lock("fcntl", (3, 3))
    assert not syscalls.is_lock("read", (3,))


# --- whose file ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "owner"),
    [
        ("/home/somebody/app.py", "user"),
        ("<string>", "user"),
        ("<stdin>", "user"),
        ("<frozen importlib._bootstrap>", "library"),
        ("<attrs generated methods app.Thing>", "library"),
        (os.path.join(sysconfig.get_path("stdlib"), "asyncio", "base_events.py"), "library"),  # noqa: PTH118  as given
        (anyio.__file__, "package"),
        (kernel_threads.__file__, "library"),
    ],
)
def test_whose_a_file_is(file: str, owner: str) -> None:
    assert sites.owner(file) == owner
    assert filenames.is_users(file) is (owner == "user")


def test_a_loops_code_is_known_by_its_library() -> None:
    assert sites.is_loop_code(anyio.__file__)
    assert not sites.is_loop_code(__file__)
    assert not sites.is_loop_code(os.path.join(sysconfig.get_path("stdlib"), "queue.py"))  # noqa: PTH118  as given


# --- lanes -----------------------------------------------------------------------------------------------------

STATES: tuple[State, ...] = ("running", "blocked", "poller", "idle", "lock")


@given(
    st.lists(st.tuples(st.sampled_from(STATES), st.integers(0, 30), st.integers(-2, 5)), max_size=30),
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 100)), max_size=3),
)
def test_a_lane_has_neither_gap_nor_overlap(parts: list[tuple[State, int, int]], stops: list[tuple[int, int]]) -> None:
    lanes, at, key = Lanes(0), 0, (1, 1)
    for state, length, gap in parts:
        start = max(at + gap * MS, 0)
        at = start + length * MS
        lanes.add(key, Segment(start, "running", end=at), state)
    for since, length in stops:
        lanes.stopped(1, since * MS, (since + length) * MS)
    now = 1000 * MS
    told = lanes.finish(now, lambda _: "MainThread", lambda _: "main")
    assert disagreements(Observation((), None, told, 1, 1000.0), untold_ms=1e9) == []


# --- the judge, on made-up segments ------------------------------------------------------------------------------

LINE = Site("/app.py", 7, "work")


class NoProbe:
    def stat(self, pid: int, tid: int) -> None:
        """There is no thread."""

    def streams(self, pid: int) -> None:
        """There is no process."""

    def waits(self, pid: int, tid: int) -> int:  # noqa: ARG002  as a probe has them
        return 0

    def transferred(self, pid: int, tid: int) -> int:  # noqa: ARG002  as a probe has them
        return 0

    def packets(self, pid: int) -> int:  # noqa: ARG002  as a probe has them
        return 0


def _view(*, own: bool = False, loop: bool = True, step: int = 1, pool: bool = False) -> View:
    return View(
        site=LINE, mine=not own, loop=loop, own=own, step=() if own else (step, 0), task=(step,), turn=1 if loop else 0,
        library=own, pool=pool, imports=False, top=(step, 7), anchor=(step, 7), frames=((step, 7),),
    )  # fmt: skip


class Story:
    """Tells a judge what a thread did, piece by piece."""

    def __init__(self) -> None:
        self.at = 0
        self.judge = Judge(1, 0, NoProbe(), threshold_ns=10 * MS, plain_threads=False)
        self.judge.loop_runs(1, 1, 0)

    def polls(self, ms: int) -> Story:
        return self._piece(ms, Segment(self.at, "call", "epoll_wait", view=_view(own=True)))

    def waits(self, ms: int, call: str = "read", view: View | None = None) -> Story:
        return self._piece(ms, Segment(self.at, "call", call, view=view or _view()))

    def faults(self, ms: int) -> Story:
        return self._piece(ms, Segment(self.at, "off", view=_view()))

    def runs(self, ms: int, step: int = 1, *, starved: bool = False) -> Story:
        segment = Segment(self.at, "running", view=_view(step=step))
        segment.cpu, segment.delay = (0, ms * MS) if starved else (ms * MS, 0)
        return self._piece(ms, segment)

    def pinged(self) -> Story:
        self.judge.held_from(1, 1, self.at)
        return self

    def _piece(self, ms: int, segment: Segment) -> Story:
        self.at += ms * MS
        segment.end = self.at
        self.judge.segment(1, 1, segment)
        return self

    def end(self) -> Observation:
        seen = self.judge.finish(self.at)
        assert disagreements(seen, untold_ms=1e9) == []
        return seen


def _told(seen: Observation) -> list[tuple[str, str | None, str | None, float]]:
    return [(finding.place, finding.kind, finding.call, finding.total_ms) for finding in seen.findings]


def test_a_wait_in_a_turn_is_a_finding_with_its_line() -> None:
    seen = Story().polls(20).waits(50).polls(20).end()
    assert _told(seen) == [("loop-thread", None, "read", 50.0)]
    assert seen.findings[0].site == LINE
    assert seen.loop is not None
    assert (seen.loop.stalls, seen.loop.longest_ms) == (1, 50.0)


def test_many_short_waits_at_one_line_are_one_finding() -> None:
    story = Story()
    for _ in range(100):
        story.waits(3).polls(1)
    seen = story.end()
    assert _told(seen) == [("loop-thread", None, "read", 300.0)]
    assert (seen.findings[0].count, seen.findings[0].longest_ms) == (100, 3.0)


def test_a_wait_for_a_lock_and_one_for_a_page_have_places_of_their_own() -> None:
    assert _told(Story().polls(5).waits(40, "futex").polls(5).end()) == [("lock", None, "futex", 40.0)]
    assert _told(Story().polls(5).faults(40).polls(5).end()) == [("page-fault", None, None, 40.0)]


def test_a_long_callback_is_compute_and_many_short_ones_are_a_backlog() -> None:
    assert _told(Story().polls(5).runs(1).pinged().runs(50).polls(5).end()) == [("busy-cpu", "compute", None, 51.0)]
    story = Story().polls(5).runs(1).pinged()
    for step in range(50):
        story.runs(1, step)
    seen = story.polls(5).end()
    assert _told(seen) == [("busy-cpu", "backlog", None, 51.0)]
    assert seen.findings[0].site is None


def test_a_loop_that_may_have_come_round_is_not_accused() -> None:
    assert _told(Story().polls(5).runs(200).polls(5).end()) == []


def test_a_thread_that_got_no_cpu_is_starved() -> None:
    seen = Story().polls(5).runs(1, starved=True).pinged().runs(100, starved=True).polls(5).end()
    assert _told(seen) == [("kernel", "starved", None, 101.0)]


def test_what_is_shorter_than_the_threshold_is_not_told() -> None:
    seen = Story().polls(20).waits(9).polls(20).end()
    assert seen.findings == ()
    assert seen.loop is not None
    assert seen.loop.stalls == 0


def test_a_proof_by_the_gil_is_void_once_the_gil_was_let_go() -> None:
    story = Story().polls(5).runs(1)
    story.judge.held_from(1, 1, story.at, in_one_call=True)
    story.runs(5)
    story.judge.let_go(1, 1, story.at)
    assert _told(story.runs(50).polls(5).end()) == []


def test_a_pools_idle_thread_is_no_finding_and_one_at_work_is() -> None:
    judge = Judge(1, 0, NoProbe(), threshold_ns=10 * MS, plain_threads=False)
    idle = Segment(0, "call", "futex", view=_view(loop=False, own=True, pool=True), end=50 * MS)
    busy = Segment(50 * MS, "call", "read", view=_view(loop=False, pool=True), end=90 * MS)
    for segment in (idle, busy):
        judge.segment(1, 2, segment)
    assert _told(judge.finish(90 * MS)) == [("worker-thread", None, "read", 40.0)]


@given(
    st.lists(
        st.tuples(st.sampled_from(["polls", "waits", "runs", "faults", "pinged"]), st.integers(1, 60)), max_size=40
    )
)
def test_lanes_and_findings_agree_whatever_happens(parts: list[tuple[str, int]]) -> None:
    story = Story()
    for what, ms in parts:
        story.pinged() if what == "pinged" else getattr(story, what)(ms)
    seen = story.end()
    waited = sum(ms for what, ms in parts if what == "waits")
    assert sum(finding.total_ms for finding in seen.findings if finding.place == "loop-thread") <= 1.25 * waited + 1
