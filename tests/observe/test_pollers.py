"""A loop's poller is known by its descriptor, and where its stack can't be read, too."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from compare.observe.judge.segments import Segment
from compare.observe.sampler.looks import Looks
from tests.observe.judge.story import a_view

if TYPE_CHECKING:
    from compare.observe.interpreter.views import View

LOOP = (77, 1, 3)
EPOLL, OTHER = 5, 6


def _polls(call: str, descriptor: int, view: View | None, known: tuple[int, int] | None, loop: Any = LOOP) -> bool:
    process: Any = SimpleNamespace(stacks=SimpleNamespace(runs_nothing=lambda *_: False))
    thread: Any = SimpleNamespace(loop=loop, poller=known)
    segment = Segment(0, "call", call, (descriptor,), view=view)
    Looks(process)._know_poller(thread, segment)
    return segment.polls


@pytest.mark.parametrize(
    ("call", "descriptor", "view", "known", "polls"),
    [
        ("epoll_wait", EPOLL, a_view(own=True), None, True),
        ("epoll_wait", EPOLL, a_view(), (LOOP[0], EPOLL), True),
        ("epoll_wait", OTHER, a_view(), (LOOP[0], EPOLL), False),
        ("epoll_wait", EPOLL, None, (LOOP[0], EPOLL), True),
        ("epoll_wait", OTHER, None, (LOOP[0], EPOLL), False),
        ("epoll_wait", EPOLL, None, None, True),
        ("clock_nanosleep", EPOLL, None, None, False),
    ],
)
def test_a_poll_is_a_loops_by_its_descriptor(
    call: str, descriptor: int, view: View | None, known: tuple[int, int] | None, *, polls: bool
) -> None:
    assert _polls(call, descriptor, view, known) is polls


def test_a_thread_without_a_loop_has_no_poller() -> None:
    assert not _polls("epoll_wait", EPOLL, None, None, loop=None)


@pytest.mark.parametrize(("descriptor", "polls"), [(EPOLL, True), (OTHER, False)])
def test_a_loop_that_no_agent_told_of_is_known_by_the_descriptor_that_it_was_seen_to_poll_by(
    descriptor: int, *, polls: bool
) -> None:
    assert _polls("epoll_pwait", descriptor, None, (0, EPOLL), loop=None) is polls
