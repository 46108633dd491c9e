"""Stacks read from outside hold against what the interpreter itself says."""

from __future__ import annotations

import os
import sys
import threading
from multiprocessing import resource_tracker
from types import CodeType
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compare.observe.interpreter import lines
from compare.observe.interpreter.calibration import calibrate
from compare.observe.interpreter.code_objects import Code, decode_lines, entered
from compare.observe.interpreter.memory import Unreadable
from compare.observe.interpreter.stacks import Frame, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

LEAST = st.sampled_from(
    [
        "pass",
        "x = 1",
        "x = (1,\n     2,\n     3)",
        "y = [z for z in range(3)\n     if z]",
        "if x:\n    y = 2\nelse:\n    y = 3",
        "for z in range(3):\n    x = z\n\n\n    y = x",
        "try:\n    x = 1\nexcept OSError as error:\n    raise ValueError from error\nfinally:\n    y = 1",
        "with open(x) as f:\n    f.read(\n        1,\n    )",
        "def g(a, *b, c=1):\n    return a\n",
        "async def h():\n    async for z in q:\n        await z\n    return [z async for z in q]\n",
        "class K:\n    a: int = 1\n    def m(self):\n        return lambda: (self,\n            1)\n",
        "match x:\n    case [1, *_]:\n        y = 1\n    case _:\n        y = 2",
        "\n" * 300 + "x = 1",
        "x = " + "+ ".join(["very_long_name"] * 40),
    ]
)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


@given(st.lists(LEAST, min_size=1, max_size=8), st.integers(0, 5000))
def test_lines_are_decoded_as_the_interpreter_does(parts: list[str], blank: int) -> None:
    top = compile("\n" * blank + "\n".join(parts), "made", "exec")
    for code in _codes(top):
        read = Code("made", code.co_qualname, code.co_firstlineno, decode_lines(code.co_linetable, code.co_firstlineno))
        for start, end, line in code.co_lines():
            for unit in range(start // 2, end // 2):
                assert read.line(unit) == (line or code.co_firstlineno)


def test_a_function_is_entered_at_the_first_line_of_its_body() -> None:
    def body() -> int:
        """Nothing is done at its first line."""
        return 1

    def whole() -> int: return 1  # fmt: skip

    for function, line in ((body, body.__code__.co_firstlineno + 2), (whole, whole.__code__.co_firstlineno)):
        code = function.__code__
        lines = decode_lines(code.co_linetable, code.co_firstlineno)
        read = Code("made", code.co_qualname, code.co_firstlineno, entered(lines, code.co_firstlineno))
        assert {read.line(unit) for unit in range(len(code.co_code) // 2)} == {line}


@given(st.binary(max_size=64))
def test_a_torn_line_table_is_no_more_than_an_index_error(table: bytes) -> None:
    try:
        decode_lines(table, 1)
    except IndexError:
        return


@pytest.fixture
def reader() -> Iterator[Reader]:
    try:
        found = Reader(os.getpid(), calibrate())
    except Unreadable as why:
        pytest.skip(str(why))
    yield found
    found.close()


def test_the_stack_of_a_waiting_thread_is_read_as_it_is(reader: Reader) -> None:
    gate, parked = threading.Event(), threading.Event()

    def wait(depth: int) -> None:
        if depth:
            wait(depth - 1)
        else:
            parked.set()
            gate.wait()

    thread = threading.Thread(target=wait, args=(5,))
    thread.start()
    try:
        parked.wait()
        (state,) = [each.state for each in reader.threads() if each.native_id == thread.native_id]
        assert thread.ident is not None
        for _ in range(1000):  # until it has come to rest
            seen = [(frame.code.qualname, frame.line) for frame in reader.stack(state)]
            if seen and seen[0][0] == "Condition.wait":
                break
        expected = []
        frame: FrameType | None = sys._current_frames()[thread.ident]
        while frame is not None:
            expected.append((frame.f_code.co_qualname, frame.f_lineno))
            frame = frame.f_back
        assert seen == expected
        assert [each.code.qualname for each in reader.stack(state, 2)] == [name for name, _ in expected[:2]]
        whole = reader.stack(state)
        assert reader.stack(state, below=whole[3:]) == whole
    finally:
        gate.set()
        thread.join()


class _Waits:
    """Its `__init__` waits."""

    def __init__(self, gate: threading.Event | None, parked: threading.Event | None = None) -> None:
        if gate is not None and parked is not None:
            parked.set()
            gate.wait()


def _makes(gate: threading.Event, parked: threading.Event) -> None:
    for number in range(100):  # by then the interpreter calls `__init__` directly, with a frame of its own below it
        _Waits(gate if number == 99 else None, parked)


def test_below_an_init_there_is_no_frame_of_nobodys(reader: Reader) -> None:
    gate, parked = threading.Event(), threading.Event()
    thread = threading.Thread(target=_makes, args=(gate, parked))
    thread.start()
    try:
        parked.wait()
        (state,) = [each.state for each in reader.threads() if each.native_id == thread.native_id]
        names: list[str] = []
        for _ in range(1000):  # until it has come to rest
            frames = reader.stack(state)
            names = [frame.code.qualname for frame in frames]
            if names and names[0] == "Condition.wait":
                break
        assert names[2:4] == ["_Waits.__init__", "_makes"]
    finally:
        gate.set()
        thread.join()


def test_a_process_that_runs_something_else_is_unreadable() -> None:
    try:
        layout = calibrate()
    except Unreadable as why:
        pytest.skip(str(why))
    with pytest.raises(Unreadable):
        Reader(1 << 22, layout)


def _frame(filename: str, qualname: str) -> Frame:
    return Frame(Code(filename, qualname, 1, ((1, 1),)), 1, 0, 0, 0)


def test_the_line_that_multiprocessing_starts_an_interpreter_with_is_nobodys() -> None:
    tracker = _frame(resource_tracker.__file__, "main")
    typed, ours = _frame("<string>", "<module>"), _frame("/srv/app.py", "work")
    assert lines.site([tracker, typed], "/", library=False) == (None, False)
    got, mine = lines.site([_frame(resource_tracker.__file__, "ResourceTracker.stop"), typed], "/", library=False)
    assert mine, "a program given with -c that calls it"
    assert got is not None
    assert got.file == "<string>"
    got, mine = lines.site([ours, tracker, typed], "/", library=False)
    assert mine
    assert got is not None
    assert got.line == 1
