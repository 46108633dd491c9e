"""Inside the observed process: notes which loops run, answers pings, and watches the pool's door.

It sees to three things that cannot be seen from outside, and to no more:

- which thread runs an event loop (`asyncio._set_running_loop`, trio's runner);
- how late a loop gets round to a callback: on request, through its thread-safe door (`call_soon_threadsafe`,
  `TrioToken.run_sync_soon`);
- when work is handed to a pool or asks for a limiter's token, and when it starts: who is in line, and whose work a
  worker does. This is the only place where it touches what the program calls; results, exceptions and order stay.

Its thread is a bare one that `threading` does not list, and sleeps in a read of a pipe until the sampler asks.
Nothing is imported that the program would not import: a library is touched when the program has imported it.
"""

# ruff: noqa: SLF001  the doors are private: no library has public ones for this

from __future__ import annotations

import _thread
import itertools
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from . import channel
from .channel import Kind
from .filenames import is_users

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import FrameType, ModuleType

MOST_LOOKED_AT = 16
MOST_FILENAMES = 4096
STARTING = -1
MOST_REST_S = 0.5
"""How long a fork waits for our thread to end, in seconds."""

_agent: Agent | None = None


class Agent:
    """Writes what it notes into the ring; safe to call from any thread."""

    def __init__(self, ring: channel.Ring, pipe: int) -> None:
        """Write into `ring`; read what the sampler asks from the descriptor `pipe`."""
        self._ring = ring
        self._pipe = pipe
        self._pipe_inode = os.fstat(pipe).st_ino
        self._numbers = itertools.count(1)  # `next` is atomic: one C call under the GIL
        self._requests = itertools.count(1)
        self._owners: dict[str, bool] = {}
        self._bases: dict[int, object] = {}
        """By their ids: to hash a code object takes as long as to look at ten frames."""
        self._current: list[Callable[[], Any]] = []
        self._origins: Any = None
        self._pings = itertools.count(1)
        self._loops: dict[int, tuple[int, Callable[[Callable[[], None]], object]]] = {}
        self._tid = 0
        """The kernel's id of our thread; 0 while there is none, around a fork."""

    def note(  # noqa: PLR0913  a record's fields
        self, kind: Kind, first: int = 0, second: int = 0, *, code: int = 0, line: int = 0, amount: int = 0
    ) -> None:
        """Write one record."""
        now = time.monotonic_ns()
        fields = (now, int(kind), _thread.get_native_id(), first, second, code, line, amount)
        self._ring.write(next(self._numbers), *fields)
        if not self._tid:
            self.start()

    def start(self) -> None:
        """Start our thread, which answers the sampler."""
        self._tid = STARTING
        _thread.start_new_thread(self.serve, ())

    def rest(self) -> None:
        """End our thread before the program forks: Python 3.12 and later warn where there is more than one.

        The next note starts it again; until then nobody answers the sampler.
        """
        deadline = time.monotonic() + MOST_REST_S
        while self._tid == STARTING and time.monotonic() < deadline:
            time.sleep(0.0001)
        tid, self._tid = self._tid, 0
        if tid in {0, STARTING}:
            return
        try:
            door = os.open(f"/proc/self/fd/{self._pipe}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                os.write(door, channel.request(channel.REST))
            finally:
                os.close(door)
        except OSError:  # the program has closed it
            return
        while os.path.exists(f"/proc/self/task/{tid}") and time.monotonic() < deadline:  # noqa: PTH110  no pathlib here
            time.sleep(0.0001)

    def loop_runs(self, loop: Any, family: int, door: Callable[[Callable[[], None]], object], depth: int) -> None:
        """An event loop begins to run in this thread, `depth` frames from the bottom of its stack."""
        self._loops[id(loop)] = (_thread.get_native_id(), door)
        code = sys._getframe(2).f_code
        self._bases[id(code)] = code
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and not self._is_users(frame.f_code.co_filename):  # 3.13: the caller will have returned
            self._bases[id(frame.f_code)] = frame.f_code
            frame = frame.f_back
        self.note(Kind.LOOP_RUNS, id(loop), code=family, amount=depth)

    def loop_ends(self, loop_id: int) -> None:
        """It no longer runs."""
        if self._loops.pop(loop_id, None) is not None:
            self.note(Kind.LOOP_ENDS, loop_id)

    def asked(self, pool: int, size: int) -> int:
        """Work wants a thread of a pool; returns the request's number. The site is the innermost user's line."""
        request = next(self._requests)
        code, line = self._asker(sys._getframe(1))
        self.note(Kind.ASKED, request, pool, code=code, line=line, amount=size)
        return request

    def _asker(self, frame: FrameType | None) -> tuple[int, int]:
        """The innermost user's line of what the loop runs; else where its task was made; else any on the stack."""
        while frame is not None and id(frame.f_code) not in self._bases:
            if self._is_users(frame.f_code.co_filename):
                return id(frame.f_code), frame.f_lineno or 0
            frame = frame.f_back
        if frame is not None and (origin := self._origin()) is not None:
            return origin
        while frame is not None:  # what lies above has been looked at
            if self._is_users(frame.f_code.co_filename):
                return id(frame.f_code), frame.f_lineno or 0
            frame = frame.f_back
        return 0, 0

    def _is_users(self, filename: str) -> bool:
        mine = self._owners.get(filename)
        if mine is None:
            if len(self._owners) >= MOST_FILENAMES:  # a program that makes code makes names, too
                self._owners.clear()
            mine = self._owners[filename] = is_users(filename)
        return mine

    def tasks_are_made(self, current: Callable[[], Any]) -> None:
        """A library that has tasks is there; `current` returns the one that runs, or raises."""
        if self._origins is None:
            import weakref  # noqa: PLC0415  asyncio and trio have imported it

            self._origins = weakref.WeakKeyDictionary()
        self._current.append(current)

    def task_made(self, task: Any, coroutine: Any) -> None:
        """Note where a task was made whose own code is a library's: `gather(to_thread(f))` has no user's frame."""
        code = getattr(coroutine, "cr_code", None)
        if code is None or not self._is_users(code.co_filename):
            origin = self._asker(sys._getframe(2))
            if origin[0]:
                self._origins[task] = origin

    def _origin(self) -> tuple[int, int] | None:
        for current in self._current:
            try:
                task = current()
            except (RuntimeError, AttributeError):  # not in a loop of this kind
                continue
            if task is not None and (found := self._origins.get(task)) is not None:
                origin: tuple[int, int] = found
                return origin
        return None

    def serve(self) -> None:
        """Answer the sampler until it hangs up; runs in the agent's own thread, which then rests."""
        self._tid = _thread.get_native_id()
        if self._answer():
            return
        rest = _thread.allocate_lock()
        rest.acquire()
        rest.acquire()  # for ever: the ring must not be closed while the program goes on, see `_mapped`

    def _answer(self) -> bool:
        """Answer until the sampler hangs up, or (true) until the thread is to end."""
        self.note(Kind.READY)
        while True:
            try:
                if os.fstat(self._pipe).st_ino != self._pipe_inode:  # the program closed ours and opened its own
                    return False
                asked = os.read(self._pipe, 4096)
            except OSError:
                return False
            if not asked:
                return False
            for tid in set(channel.requests(asked)):
                if tid == channel.REST:
                    return True
                if tid == channel.NAMES:
                    self._tell_names()
                else:
                    self._ping(tid)

    def _ping(self, which: int) -> None:
        for loop_id, (tid, door) in list(self._loops.items()):
            if tid != which:
                continue

            number = next(self._pings)

            def pong(loop_id: int = loop_id, number: int = number, door: object = door) -> None:
                self.note(Kind.PONG, number, loop_id, code=_yielded(loop_id, door))

            try:
                wake = _put(loop_id, door, pong)
                self.note(Kind.PINGED, number, loop_id)
                if wake is not None:
                    wake()
            except Exception:  # noqa: BLE001  whatever a loop that is closing raises, the program must not see it
                self._loops.pop(loop_id, None)

    def _tell_names(self) -> None:
        active = list(getattr(sys.modules.get("threading"), "_active", {}).values())  # it may be half imported
        text = "\n".join(
            f"{thread.native_id} {thread.name}".replace("\n", " ") for thread in active if thread.native_id
        )
        self._ring.write_names(text.encode(errors="replace"))

    def forget(self) -> None:
        """In a forked child: there is no thread of ours here, and the ring is the parent's."""
        self.note = _silent  # type: ignore[method-assign]
        self._loops.clear()


def _yielded(loop_id: int, door: object) -> int:
    """In a loop's turn: the id of a task that gave way without waiting for anything, and stands in line again; or 0.

    Such a task's next step is in line itself, where a task that waited is woken by what it waited for.
    """
    loop: Any = getattr(door, "__self__", None)
    ready = getattr(loop, "_ready", None) if id(loop) == loop_id else None
    if ready is None:
        context = getattr(sys.modules.get("trio._core._run"), "GLOBAL_RUN_CONTEXT", None)
        runner: Any = getattr(context, "runner", None)
        return id(runner.runq[0]) if id(runner) == loop_id and runner.runq else 0
    for handle in list(ready)[:MOST_LOOKED_AT]:
        callback = getattr(handle, "_callback", None)
        if type(callback).__name__ == "TaskStepMethWrapper" or getattr(callback, "__name__", "") == "__step":
            return id(getattr(callback, "__self__", None))
    return 0


def _put(
    loop_id: int, door: Callable[[Callable[[], None]], object], callback: Callable[[], None]
) -> Callable[[], object] | None:
    """Put a callback in a loop's line; returns what wakes the loop, if it has not been woken.

    A loop's door lets go of the GIL where it wakes the loop. A busy loop would then keep us for 5 ms from noting that
    the callback stands in its line, so where the two can be told apart, the note is written in between.
    """
    loop: Any = getattr(door, "__self__", None)
    if id(loop) == loop_id and hasattr(loop, "_run_once") and hasattr(loop, "_write_to_self"):
        loop._call_soon(callback, (), None)
        wake: Callable[[], object] = loop._write_to_self
        return wake
    queue = getattr(loop, "_reentry_queue", loop)  # a `TrioToken`, or the entry queue itself
    if hasattr(queue, "wakeup") and hasattr(queue, "queue") and hasattr(queue, "lock"):
        with queue.lock:
            if not queue.done:
                queue.queue.append((callback, ()))
        awake: Callable[[], object] = queue.wakeup.wakeup_thread_and_signal_safe
        return awake
    door(callback)
    return None


def _silent(*_: object, **__: object) -> None:
    pass


def install(setting: str | None = None) -> None:
    """Start the agent if the environment (or `setting`) asks for one; at most once in a process.

    Takes the request out of `os.environ`, so that no child process inherits it.
    """
    setting = setting or os.environ.pop(channel.VARIABLE, None)
    global _agent  # noqa: PLW0603  one agent a process
    if setting is None or _agent is not None:
        return
    ring, pipe, sampler = (int(word) for word in setting.split(","))
    memory = _mapped(ring)
    _let_trace(sampler)
    _agent = Agent(memory, _moved_up(pipe))
    os.register_at_fork(after_in_child=_agent.forget)
    if sys.version_info >= (3, 12):
        os.register_at_fork(before=_agent.rest)
    _doors(_agent)
    _agent.start()


def _mapped(descriptor: int) -> channel.Ring:
    """Map the ring and leave no descriptor of it: `mmap` keeps a duplicate, at the lowest number that is free.

    What `mmap` would close at its end is no longer its own by then: the agent's thread keeps it for ever.
    """
    inode, lowest = os.fstat(descriptor).st_ino, os.dup(descriptor)
    os.close(lowest)
    memory = channel.Ring(descriptor)
    os.close(descriptor)
    try:
        if os.fstat(lowest).st_ino == inode:
            os.close(lowest)
    except OSError:  # it took another number: a thread of the program's was quicker
        return memory
    return memory


def _moved_up(descriptor: int) -> int:
    import fcntl  # noqa: PLC0415  only where there is an agent

    try:
        moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, channel.FIRST_DESCRIPTOR)
    except OSError:  # the limit is lower than that
        os.set_inheritable(descriptor, False)  # noqa: FBT003  it has no keyword
        return descriptor
    os.close(descriptor)
    return moved


def _let_trace(sampler: int) -> None:
    """Where Yama lets only a parent trace, give the sampler leave: prctl(2), `PR_SET_PTRACER`."""
    try:
        with open("/proc/sys/kernel/yama/ptrace_scope") as file:  # noqa: PTH123  no pathlib in a program's start
            if file.read().strip() != "1":
                return
    except OSError:
        return
    import ctypes  # noqa: PLC0415  only where it is needed

    ctypes.CDLL(None).prctl(0x59616D61, sampler, 0, 0, 0)


# --- the doors -------------------------------------------------------------------------------------------------


def _doors(agent: Agent) -> None:
    """Touch each library that is there, and each other one as soon as the program has imported it."""
    doors: dict[str, Callable[[ModuleType, Agent], None]] = {
        "asyncio.events": _asyncio,
        "asyncio.tasks": _asyncio_tasks,
        "concurrent.futures.thread": _executor,
        "trio._core._run": _trio,
        "trio._core._thread_cache": _trio_threads,
        "trio._sync": _limiter,
        "anyio._backends._asyncio": _anyio,
    }
    for name in list(doors):
        if name in sys.modules:
            doors.pop(name)(sys.modules[name], agent)
    if doors:
        sys.meta_path.insert(0, _AfterImport(doors, agent))


class _AfterImport:
    """Finds nothing itself: asks the other finders, and calls a door once its module has run."""

    def __init__(self, doors: dict[str, Callable[[ModuleType, Agent], None]], agent: Agent) -> None:
        self._doors, self._agent = doors, agent

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        door = self._doors.pop(name, None)
        if door is None:
            return None
        if not self._doors and self in sys.meta_path:
            sys.meta_path.remove(self)
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(name, path, target)) is not None:
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    run, agent = spec.loader.exec_module, self._agent

                    def exec_module(module: ModuleType, run: Any = run, agent: Agent = agent) -> None:
                        run(module)
                        door(module, agent)

                    spec.loader.exec_module = exec_module  # type: ignore[method-assign]
                return spec
        return None


def _depth() -> int:
    """How many frames lie below the caller's caller."""
    depth = 0
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    return depth


def _asyncio(events: Any, agent: Agent) -> None:
    """Every asyncio-like loop says that it runs through `_set_running_loop`, uvloop too."""
    plain = events._set_running_loop
    running: dict[int, int] = {}

    def _set_running_loop(loop: Any) -> None:
        plain(loop)
        thread = _thread.get_ident()
        before = running.pop(thread, None)
        if before is not None:
            agent.loop_ends(before)
        if loop is not None:
            running[thread] = id(loop)
            family = 1 if hasattr(loop, "_run_once") else 2
            agent.loop_runs(loop, family, loop.call_soon_threadsafe, _depth())

    events._set_running_loop = _set_running_loop


def _asyncio_tasks(tasks: Any, agent: Agent) -> None:
    """Every task, uvloop's too, is put into a set of weak references when it is made."""
    made = getattr(tasks, "_scheduled_tasks", getattr(tasks, "_all_tasks", None))  # before 3.12
    if made is None:
        return
    agent.tasks_are_made(tasks.current_task)

    class Noting(type(made)):  # type: ignore[misc]
        def add(self, task: Any) -> None:
            super().add(task)
            # Anything may be registered as a task; what is none of asyncio's own is not asked for anything.
            if issubclass(type(task), tasks.Task):
                agent.task_made(task, tasks.Task.get_coro(task))

    Noting.__name__, Noting.__qualname__ = type(made).__name__, type(made).__qualname__
    made.__class__ = Noting


def _trio(run: Any, agent: Agent) -> None:
    """Every run of trio, guest mode too, is set up by `setup_runner` and ends with `Runner.close`."""
    set_up, close = run.setup_runner, run.Runner.close
    agent.tasks_are_made(lambda: run.GLOBAL_RUN_CONTEXT.task)

    class Spawns:
        def task_spawned(self, task: Any) -> None:
            agent.task_made(task, task.coro)

    spawns = Spawns()

    def setup_runner(*args: Any, **kwargs: Any) -> Any:
        runner = set_up(*args, **kwargs)
        runner.instruments.add_instrument(spawns)
        agent.loop_runs(runner, 3, runner.entry_queue.run_sync_soon, _depth())
        return runner

    def ended(self: Any) -> None:
        agent.loop_ends(id(self))
        close(self)

    run.setup_runner, run.Runner.close = setup_runner, ended


def _executor(module: Any, agent: Agent) -> None:
    """`ThreadPoolExecutor.submit` makes a `_WorkItem`, and a worker calls its `run`."""
    plain = module._WorkItem

    class _WorkItem(plain):  # type: ignore[misc,valid-type]
        __slots__ = ("compare_pool", "compare_request")

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            executor = sys._getframe(1).f_locals.get("self")
            self.compare_pool = id(executor)
            self.compare_request = agent.asked(self.compare_pool, getattr(executor, "_max_workers", 0))

        def run(self, *args: Any, **kwargs: Any) -> None:  # from 3.14 on, the worker's context comes with it
            request, self.compare_request = self.compare_request, 0
            agent.note(Kind.STARTED, request, self.compare_pool)
            try:
                plain.run(self, *args, **kwargs)
            finally:
                agent.note(Kind.ENDED, request, self.compare_pool)

        def __del__(self) -> None:
            if request := getattr(self, "compare_request", 0):  # dropped by a pool that shuts down
                agent.note(Kind.WITHDRAWN, request, self.compare_pool)

    _WorkItem.__qualname__, _WorkItem.__module__ = plain.__qualname__, plain.__module__
    module._WorkItem = _WorkItem


def _trio_threads(module: Any, agent: Agent) -> None:
    """Work that has its token is handed to a cached thread by `start_thread_soon`."""
    cache, plain = module.ThreadCache, module.ThreadCache.start_thread_soon

    def start_thread_soon(
        self: Any, fn: Callable[[], Any], deliver: Callable[[Any], object], name: str | None = None
    ) -> None:
        request = agent.asked(id(self), 0)

        def work() -> Any:
            agent.note(Kind.STARTED, request, id(self))
            try:
                return fn()
            finally:
                agent.note(Kind.ENDED, request, id(self))

        plain(self, work, deliver, name)

    cache.start_thread_soon = start_thread_soon


def _limiter(module: Any, agent: Agent) -> None:
    """A `CapacityLimiter`'s line; trio's own, which anyio uses on trio too."""
    _watch_limiter(module.CapacityLimiter, agent)


def _watch_limiter(limiter: Any, agent: Agent) -> None:
    plain = limiter.acquire_on_behalf_of

    async def acquire_on_behalf_of(self: Any, borrower: Any) -> None:
        if getattr(self, "available_tokens", 1) > 0:  # nobody is in line
            await plain(self, borrower)
            return
        size = self.total_tokens
        request = agent.asked(id(self), int(size) if size < 1 << 31 else 0)
        got = False
        try:
            await plain(self, borrower)
            got = True
        finally:
            agent.note(Kind.ADMITTED if got else Kind.WITHDRAWN, request, id(self))

    acquire_on_behalf_of.__doc__ = plain.__doc__
    limiter.acquire_on_behalf_of = acquire_on_behalf_of


def _anyio(module: Any, agent: Agent) -> None:
    """Anyio's own limiter and worker threads, which it has on asyncio alone."""
    _watch_limiter(module.CapacityLimiter, agent)
    worker, plain, noting = module.WorkerThread, module.WorkerThread.__init__, _noting(module.Queue, agent)

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807  takes the place of one
        plain(self, *args, **kwargs)
        self.queue.__class__ = noting

    worker.__init__ = __init__


def _noting(queue: type, agent: Agent) -> type:
    """A queue of work for one worker: noted when it is put, when it is taken, and when the next is asked for."""

    class Noting(queue):  # type: ignore[misc]
        compare_asked: Any = None
        compare_busy: Any = None

        def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: FBT001, FBT002
            if item is not None:
                self.compare_asked = agent.asked(id(self), 0)
            super().put(item, block, timeout)

        def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT001, FBT002
            if self.compare_busy is not None:
                agent.note(Kind.ENDED, self.compare_busy, id(self))
                self.compare_busy = None
            item = super().get(block, timeout)
            if item is not None and self.compare_asked is not None:
                self.compare_busy, self.compare_asked = self.compare_asked, None
                agent.note(Kind.STARTED, self.compare_busy, id(self))
            return item

    Noting.__name__, Noting.__qualname__ = queue.__name__, queue.__qualname__
    return Noting
