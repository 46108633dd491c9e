"""The agent's own thread, which the program does not see: the interpreter does not count it, and no signal goes to it.

A thread that is made through `_thread` is counted (`_thread._count()`), which a program can read, and which CPython's
own tests take for a thread left behind; and its start is told to audit hooks. So this one is made by the C library
itself, with all signals blocked from its first moment on: a signal that the program blocks in its own threads, to wait
for it, must not be taken by ours. Its stack is small. It can be seen in `sys._current_frames()` and in `/proc`.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # built in; `signal` wraps it
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

STACK_BYTES = 1 << 19
SIGNALS_BYTES = 1 << 10
"""More than any C library's `sigset_t` and `pthread_attr_t` take."""
MOST_WAIT_S = 0.5
"""How long it may take to end, in seconds."""


class OwnThread:
    """Runs one function in a thread, which can be ended and made again; what it uses is looked up once.

    Raises:
        OSError, ImportError, AttributeError: from the start, where this Python or this system can't.
    """

    def __init__(self, serve: Callable[[], None]) -> None:
        """Make ready to run `serve`, which raises nothing."""
        import _ctypes  # noqa: PLC0415  not `ctypes`, which takes longer to import than all of ours

        types = _types(_ctypes)
        library = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]  # the program itself

        def function(name: str, *arguments: Any) -> Any:
            return types.function(_ctypes.dlsym(library, name), arguments)

        pointer, start = types.pointer, types.start

        def run(_: Any) -> int:
            serve()
            return 0

        self._pointer, self._bytes, self._words = pointer, types.many, types.words
        self._run = start(run)
        self._create = function("pthread_create", pointer, pointer, start, pointer)
        self._mask = function("pthread_sigmask", types.integer, pointer, pointer)
        self._fill = function("sigfillset", pointer)
        self._attributes = types.many()
        function("pthread_attr_init", pointer)(self._attributes)
        function("pthread_attr_setstacksize", pointer, pointer)(self._attributes, STACK_BYTES)
        self._join = None
        try:
            self._join = function("pthread_timedjoin_np", pointer, pointer, pointer)
        except OSError:  # not glibc, nor musl
            self._plain_join = function("pthread_join", pointer, pointer)
        self._thread: Any = None

    def start(self) -> None:
        """Start it; raises `OSError` where there can be no more threads."""
        every, before, thread = self._bytes(), self._bytes(), self._pointer()
        self._fill(every)
        self._mask(_signal.SIG_BLOCK, every, before)
        try:
            failed = self._create(_address(thread), self._attributes, self._run, None)
        finally:
            self._mask(_signal.SIG_SETMASK, before, None)
        if failed:
            raise OSError(failed, "the agent's thread can't be started")
        self._thread = thread

    def join(self) -> None:
        """Wait until it has ended, which it has been asked to."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if self._join is None:
            self._plain_join(thread, None)
        else:
            deadline = time.time() + MOST_WAIT_S
            self._join(thread, None, self._words(int(deadline), int(deadline % 1 * 1e9)))


class _types:  # noqa: N801  a name for what is looked up
    """The C types that this needs, as `ctypes` would make them."""

    def __init__(self, module: Any) -> None:
        plain, array = module._SimpleCData, module.Array  # noqa: SLF001  `ctypes` builds on it too
        convention = module.FUNCFLAG_CDECL

        class pointer(plain):  # type: ignore[misc, valid-type]  # noqa: N801
            _type_ = "P"

        class integer(plain):  # type: ignore[misc, valid-type]  # noqa: N801
            _type_ = "i"

        class character(plain):  # type: ignore[misc, valid-type]  # noqa: N801
            _type_ = "c"

        class long(plain):  # type: ignore[misc, valid-type]  # noqa: N801
            _type_ = "l"

        class many(array):  # type: ignore[misc, valid-type]  # noqa: N801
            _type_, _length_ = character, SIGNALS_BYTES

        class words(array):  # type: ignore[misc, valid-type]  # noqa: N801
            _type_, _length_ = long, 2

        class start(module.CFuncPtr):  # type: ignore[misc]  # noqa: N801
            _flags_, _argtypes_, _restype_ = convention, (pointer,), pointer

        def function(address: int, arguments: tuple[Any, ...]) -> Any:
            class called(module.CFuncPtr):  # type: ignore[misc]  # noqa: N801
                _flags_, _argtypes_, _restype_ = convention, arguments, integer

            return called(address)

        self.pointer, self.integer, self.many, self.words, self.start = pointer, integer, many, words, start
        self.function = function


def _address(value: Any) -> Any:
    import _ctypes  # noqa: PLC0415  loaded by then

    return _ctypes.byref(value)
