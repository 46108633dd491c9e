"""Which task an event loop runs, and at which lines its coroutines await: read from outside, like the stacks.

A task's coroutine is an object with a frame in it, and a frame holds what it awaits. So the chain from the task's own
coroutine to the innermost one can be followed where the thread's stack does not show it: a greenlet has a stack of its
own, and hides the one that it was switched from.

asyncio tells its current tasks in one dict, `asyncio.tasks._current_tasks`, whichever loop runs them (uvloop and
nest_asyncio too); from 3.14 on a thread's state has its own. A loop of another kind has its task in a frame of its own:
trio's `unrolled_run`, a scheduler by hand. A task is known by its nature: an object that holds a coroutine that runs.

What can't be read is not told: the task is `None` then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from compare.observe.interpreter import machinery
from compare.observe.interpreter.memory import WORD
from compare.observe.interpreter.native_tasks import NativeTasks, Uncounted
from compare.observe.interpreter.objects import Objects
from compare.observe.interpreter.stacks import Frame
from compare.results import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from compare.observe.interpreter.inside import Inside
    from compare.observe.interpreter.stacks import Reader

MOST_AWAITS = 64
STATE_WORDS = 160
"""How much of a thread's state is looked at for its current task."""
RETRY_NS = 200_000_000
"""How long asyncio's tasks are not looked for again where there were none."""
DEEPEST = 2
"""A loop's generator, and what that has: there a loop has its task."""


@dataclass(frozen=True, slots=True)
class Running:
    """A task that runs: its name and coroutine, that coroutine's address, and its frame's."""

    task: Task
    coroutine: int
    frame: int


class Tasks:
    """The tasks of the process that `reader` reads."""

    def __init__(self, reader: Reader, found: Inside) -> None:
        """Nothing is read until it is asked for."""
        self._reader, self._objects = reader, Objects(reader, found)
        self._table: int | None = None
        self._by_thread = False
        """Whether a thread's state has its current task (from 3.14 on)."""
        self._in_state: int | None = None
        """In a thread's state: its current task, once it was found there."""
        self._looked = -RETRY_NS
        self._places: dict[int, int] = {}
        """By a loop's frame: which of its values had a task."""
        self._sets: list[int] = []
        """The sets of asyncio's tasks, once they were found."""
        self._sought = -RETRY_NS
        self._native: NativeTasks | None = None
        """Those of threads' own lists (from 3.14 on)."""
        self.uncounted: str | None = None
        """Why asyncio's tasks can't be counted, if it is there, and they can't."""

    def running(self, state: int, loop: int | None, turns: Sequence[Frame], now: int) -> Running | None:
        """Return the task that a thread's loop runs; `None` where it runs none, or that can't be seen.

        Args:
            state: the thread's.
            loop: the address of the loop, where an agent told it.
            turns: the frames that make the loop's turns.
            now: nanoseconds; what was not found is not looked for again at once.
        """
        try:
            for address in self._of_asyncio(state, loop, now):
                if (found := self._task(address)) is not None:
                    return found
            for frame in turns:
                if (found := self._in_frame(frame.address, DEEPEST)) is not None:
                    return found
        except (OSError, UnicodeDecodeError, IndexError):
            return None
        return None

    def alive(self, now: int) -> int | None:
        """Return how many of asyncio's tasks there are; `None` where that can't be seen now, or there is no asyncio.

        Args:
            now: nanoseconds; what was not found is not looked for again at once.
        """
        try:
            if not self._sets and now - self._sought >= RETRY_NS:
                self._sought, self._sets = now, self._task_sets()
            sizes = [self._objects.set_size(each) for each in self._sets]
            sizes += [self._native.count()] if self._native is not None else []
            self.uncounted = None if sizes else self.uncounted
        except Uncounted as why:
            self.uncounted = str(why)
            return None
        except (OSError, UnicodeDecodeError, IndexError):
            return None
        return sum(size for size in sizes if size is not None) if sizes and None not in sizes else None

    def alive_in(self, turns: Iterable[int]) -> int | None:
        """Return how many tasks of trio's there are, its own among them; `None` where none of its loops runs.

        Args:
            turns: the addresses of frames that were seen to make a loop's turns: trio's has its runner at hand.
        """
        sizes = [size for address in turns if (size := self._in_run(address)) is not None]
        return sum(sizes) if sizes else None

    def _in_run(self, address: int) -> int | None:
        """Of what the frame of a run of trio's has at hand, the runner alone has a set: of its tasks."""
        try:
            frame = self._reader.frame(address)
            if frame is None or not machinery.is_trios_run(frame):
                return None
            sets = (self._objects.set_of(value) for value in self._objects.values(address))
            found = next((each for each in sets if each is not None), None)
            return self._objects.set_size(found) if found is not None else None
        except (OSError, UnicodeDecodeError, IndexError):
            return None

    def _task_sets(self) -> list[int]:
        """Find those of 3.11 to 3.13; from 3.14 on threads' states have lists, and the sets are for others' tasks."""
        compiled = self._objects.module("_asyncio")
        names = self._objects.module("asyncio.tasks")
        if names is None or compiled is None:
            return []
        if self._objects.entry(compiled, "_current_tasks") is None:
            self._native = NativeTasks(self._reader)
        named = (self._objects.entry(names, name) for name in ("_all_tasks", "_scheduled_tasks", "_eager_tasks"))
        found = (self._objects.set_of(each) for each in named if each is not None)
        return [each for each in found if each is not None]

    def awaits(self, running: Running) -> list[Frame]:
        """Return the frames of a task's coroutines, innermost first: each but the first awaits the one before."""
        frames: list[Frame] = []
        seen: set[int] = set()
        address: int | None = running.coroutine
        try:
            while address is not None and address not in seen and len(frames) < MOST_AWAITS:
                seen.add(address)
                frame = self._objects.frame_of(address)
                if frame is None:
                    break
                frames.append(frame)
                address = self._objects.awaited(frame.address)
        except (OSError, UnicodeDecodeError, IndexError):
            pass
        return frames[::-1]

    def stay(self, awaits: Sequence[Frame]) -> bool:
        """Whether a task's coroutines, read before, still stand where they stood: the innermost does."""
        try:
            innermost = self._reader.frame(awaits[0].address) if awaits else None
        except (OSError, UnicodeDecodeError, IndexError):
            return False
        return innermost == awaits[0] if innermost is not None else False

    def serves(self, frames: Sequence[Frame], mine: Callable[[str], bool]) -> tuple[int, Frame] | None:
        """Return the function of the user's that a library's frames have at hand, and which of the frames has it.

        A framework calls what it serves, and goes on when that has returned: an endpoint, whose result it encodes.

        Args:
            frames: innermost first; the function that is nearest is taken.
            mine: whether a file is the user's.

        Returns:
            The frame's index, and the function as a frame at its first line.
        """
        try:
            for index, frame in enumerate(frames):
                for value in self._objects.values(frame.address):
                    for address in self._objects.functions(value):
                        code = self._reader.code(address)
                        if code is not None and mine(code.filename):
                            return index, Frame(code, code.first_line, 0, 0, 0)
        except OSError:
            return None
        return None

    def callback(self, handle: int) -> str | None:
        """Return the name of the function of C that a loop's handle calls, by itself or in a `functools.partial`."""
        try:
            for field in self._objects.words(handle):
                for address in (field, *self._objects.words(field)[:1]):
                    if (name := self._objects.function(address)) is not None:
                        return name
        except OSError:
            return None
        return None

    def calls(self, frames: Sequence[Frame], function: str) -> bool:
        """Whether frames have a function of C at hand to call it: `gc.collect`, say."""
        try:
            values = (value for frame in frames for value in self._objects.values(frame.address))
            return any(self._objects.function(value) == function for value in values)
        except OSError:
            return False

    def _of_asyncio(self, state: int, loop: int | None, now: int) -> Iterable[int]:
        if self._table is None and now - self._looked >= RETRY_NS:
            self._looked = now
            names = self._objects.module("asyncio.tasks")
            self._table = self._objects.entry(names, "_current_tasks") if names is not None else None
            compiled = self._objects.module("_asyncio")
            self._by_thread = compiled is not None and self._objects.entry(compiled, "_current_tasks") is None
        current = self._objects.items(self._table) if self._table is not None else []
        mine = [task for each, task in current if each == loop or loop is None]
        if len(mine) == 1:
            return mine
        return self._of_thread(state) if self._by_thread else ()

    def _of_thread(self, state: int) -> Iterable[int]:
        """From 3.14 on a thread's state has its current task; where, is found when one is there."""
        memory = self._reader.memory
        if self._in_state is not None:
            return [memory.pointer(state + self._in_state)]
        for at in range(0, STATE_WORDS * WORD, WORD):
            if self._task(memory.pointer(state + at)) is not None:
                self._in_state = at
                return [memory.pointer(state + at)]
        return ()

    def _in_frame(self, frame: int, deep: int) -> Running | None:
        """Look for a task among what a loop's frame holds; it is held in the same place at every turn."""
        values = self._objects.values(frame)
        place = self._places.get(frame, len(values))
        if place < len(values) and (found := self._held(values[place], deep)) is not None:
            return found
        for at, value in enumerate(values):
            if (found := self._held(value, deep)) is not None:
                self._places[frame] = at
                return found
        return None

    def _held(self, value: int, deep: int) -> Running | None:
        """What a value is: a task; a generator that runs, whose frame may have one; or what holds such a generator."""
        if (found := self._task(value)) is not None or not deep:
            return found
        for address in (value, *self._objects.words(value)):
            if self._objects.running(address) and not self._objects.is_coroutine(address):
                frame = self._objects.frame_of(address)
                return self._in_frame(frame.address, deep - 1) if frame is not None else None
        return None

    def _task(self, address: int) -> Running | None:
        """Return what an object says of itself, if it holds a coroutine that runs."""
        if address < 1 << 12 or address % WORD:
            return None
        words = self._objects.words(address)
        for at, word in enumerate(words):
            if self._objects.running(word) and self._objects.is_coroutine(word):
                frame = self._objects.frame_of(word)
                names = (self._objects.name(each) for each in (*words[at + 1 :], *words[:at]))
                name = next((each for each in names if each is not None), None)
                return (
                    Running(Task(name, frame.code.qualname), word, frame.address)
                    if frame is not None and name
                    else None
                )
        return None
