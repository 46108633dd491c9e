"""Where on a stack the machinery of a loop stands, by its frames and by the agent's word."""

from __future__ import annotations

import asyncio.base_events

from compare.observe.interpreter.code_objects import Code
from compare.observe.interpreter.machinery import find
from compare.observe.interpreter.stacks import Frame

ASYNCIO = asyncio.base_events.__file__
EVENTS = ASYNCIO.replace("base_events", "events")


def _stack(*functions: tuple[str, str]) -> list[Frame]:
    codes = [Code(file, name, 1, ()) for file, name in functions]
    return [Frame(code, 1, 4096 * at, 0, 4096 * (at + 1)) for at, code in enumerate(codes, 1)]


PROGRAM = ("/app.py", "<module>")
FOREVER = (ASYNCIO, "BaseEventLoop.run_forever")


def test_between_two_turns_of_asyncios_own_loop_none_is_there() -> None:
    """What lies below the loop then is not what it runs."""
    assert find(_stack(FOREVER, PROGRAM), 0, runners=False).turn is None


def test_the_turn_of_a_loop_that_takes_the_place_of_asyncios_is_known_by_its_name() -> None:
    stack = _stack(("/lib/site-packages/nested.py", "patch.<locals>._run_once"), FOREVER, PROGRAM)
    assert find(stack, 0, runners=False).turn == 0


def test_whatever_else_stands_below_a_handle_is_the_loops() -> None:
    stack = _stack(("/app.py", "work"), (EVENTS, "Handle._run"), ("/other.py", "spin"), PROGRAM)
    assert find(stack, 0, runners=False).turn == 2
    assert find(stack, 1, runners=False).turn == 2


def test_a_loop_without_frames_is_known_by_how_many_lie_below_it() -> None:
    assert find(_stack(("/app.py", "work"), ("/app.py", "main"), PROGRAM), 1, runners=False).turn == 2
    assert find(_stack(PROGRAM), 1, runners=False).turn == 0
    assert find(_stack(PROGRAM), 2, runners=False).turn is None


def test_what_a_program_calls_as_loops_call_their_turns_is_no_turn() -> None:
    stack = _stack(("/app.py", "work"), ("/app.py", "Worker._run_once"), ("/app.py", "main"), PROGRAM)
    assert find(stack, 1, runners=False).turn == 3
    stack = _stack(("/app.py", "work"), ("/lib/site-packages/nested.py", "_run_once"), PROGRAM)
    assert find(stack, 1, runners=False).turn == 1
