"""Hides from our code, in every process, what Windows or macOS has not; libraries go on as they are.

It is imported by a `.pth` file as the interpreter starts. A library (trio, asyncio, …) brings for each system what it
needs there, which can't be had here: so what is hidden is hidden from modules of ours alone, by who asks for it. They
see another `sys.platform`, too. `/proc` is hidden from everybody.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import io
import mmap
import os
import select
import signal
import socket
import sys
import types

MODULES = {
    "win32": {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty", "posix", "uvloop", "urio", "syslog", "crypt"},
    "darwin": {"urio"},
}
NAMES = {
    "win32": {
        "os": (
            "O_NONBLOCK O_DIRECTORY O_NOFOLLOW O_NOCTTY O_CLOEXEC O_SYNC O_DSYNC O_ASYNC O_PATH O_TMPFILE fork forkpty"
            " mkfifo mknod sendfile pread preadv pwrite pwritev readv writev posix_fadvise posix_fallocate posix_spawn"
            " posix_spawnp fdatasync sched_getaffinity sched_setaffinity setsid getsid getpgid getpgrp setpgid killpg"
            " waitid wait wait3 wait4 WNOHANG getuid geteuid getgid setuid setgid chown fchown fchmod set_blocking"
            " get_blocking memfd_create MFD_CLOEXEC eventfd pidfd_open register_at_fork sysconf confstr tcgetpgrp"
            " openpty ttyname uname getpriority setpriority nice RWF_NOWAIT POSIX_FADV_DONTNEED POSIX_FADV_WILLNEED"
            " getloadavg statvfs lockf ctermid copy_file_range splice PRIO_PROCESS pipe2 unshare setns"
        ),
        "signal": (
            "SIGHUP SIGQUIT SIGKILL SIGSTOP SIGTSTP SIGCONT SIGCHLD SIGUSR1 SIGUSR2 SIGALRM SIGIO SIGPIPE SIGXFSZ"
            " SIGTTIN SIGTTOU SIGWINCH SIGURG SIGPOLL setitimer getitimer ITIMER_REAL alarm pause pthread_kill"
            " pthread_sigmask sigwait sigwaitinfo sigtimedwait sigpending siginterrupt SIG_BLOCK SIG_UNBLOCK SIG_SETMASK"
        ),
        "socket": "AF_UNIX AF_NETLINK AF_PACKET SO_REUSEPORT MSG_MORE MSG_DONTWAIT MSG_NOSIGNAL send_fds recv_fds SO_PEERCRED",
        "select": "epoll poll kqueue EPOLLIN EPOLLOUT POLLIN POLLOUT POLLHUP POLLERR POLLPRI POLLNVAL EPOLLET",
        "mmap": "PROT_READ PROT_WRITE PROT_EXEC MAP_SHARED MAP_PRIVATE MAP_ANONYMOUS MADV_DONTNEED MADV_WILLNEED",
        "time": "clock_gettime clock_settime CLOCK_MONOTONIC CLOCK_REALTIME tzset pthread_getcpuclockid",
        "asyncio": "SafeChildWatcher FastChildWatcher ThreadedChildWatcher PidfdChildWatcher",
    },
    "darwin": {
        "os": (
            "memfd_create MFD_CLOEXEC eventfd pidfd_open posix_fadvise POSIX_FADV_DONTNEED POSIX_FADV_WILLNEED fdatasync"
            " RWF_NOWAIT sched_getaffinity sched_setaffinity copy_file_range splice O_PATH O_TMPFILE O_DIRECT setns"
            " unshare pipe2"
        ),
        "signal": "sigtimedwait sigwaitinfo SIGPOLL SIGSTKFLT SIGPWR SIGRTMIN SIGRTMAX",
        "socket": "AF_NETLINK AF_PACKET MSG_MORE SO_PEERCRED",
        "select": "epoll EPOLLIN EPOLLOUT EPOLLET",
        "resource": "RUSAGE_THREAD prlimit",
    },
}


def _by_name(descriptor, length, tagname=None, **how):  # type: ignore[no-untyped-def]
    """As Windows maps memory that processes know by a name; here it is a file in the environment's folder."""
    if tagname is None:
        return mmap.mmap(descriptor, length, **how)
    file = os.open(os.path.join(sys.prefix, tagname), os.O_RDWR | os.O_CREAT)
    try:
        os.truncate(file, max(length, os.fstat(file).st_size))
        return mmap.mmap(file, length)
    finally:
        os.close(file)


ADDED: dict[str, dict[str, dict[str, object]]] = {"win32": {"mmap": {"mmap": _by_name}}, "darwin": {}}
"""What only the other system has: something stands for it here that does the same."""
OS_NAME = {"win32": "nt", "darwin": "posix"}


class _Seen(types.ModuleType):
    """A module, as ours see it."""

    def __getattribute__(self, name: str) -> object:
        dictionary = super().__getattribute__("__dict__")
        if name in dictionary.get("_hidden_from_ours", ()) and _is_ours(sys._getframe(1)):
            text = f"module {dictionary['__name__']!r} has no attribute {name!r}"
            raise AttributeError(text)
        if name in dictionary.get("_told_to_ours", {}) and _is_ours(sys._getframe(1)):
            return dictionary["_told_to_ours"][name]
        return super().__getattribute__(name)


class _Sys(types.ModuleType):
    """`sys`, as ours see it: not a class of its own for `sys` itself, of whose class every new module is made."""

    def __init__(self, system: str) -> None:
        super().__init__("sys")
        object.__setattr__(self, "platform", system)

    def __getattr__(self, name: str) -> object:
        return getattr(sys, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(sys, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(sys, name)


OURS: tuple[str, ...] = ()


def _is_ours(frame: types.FrameType | None) -> bool:
    return frame is not None and frame.f_code.co_filename.startswith(OURS)


def hide(system: str, root: str, more: str = "") -> None:
    """Hide what a system (`win32`, `darwin`) has not, and more (`os.x signal.y module`), from what lies below `root`."""
    global OURS
    OURS = tuple(os.path.join(root, name) + os.sep for name in ("compare", "recipes", "async_io_cookbook"))
    modules = set(MODULES[system]) | {name for name in more.split() if "." not in name}
    for name in (*NAMES[system], *ADDED[system], *(each.partition(".")[0] for each in more.split() if "." in each)):
        module = importlib.import_module(name)
        hidden = frozenset(NAMES[system].get(name, "").split())
        hidden |= {each.partition(".")[2] for each in more.split() if each.startswith(f"{name}.")}
        _seen(module, hidden, ADDED[system].get(name, {}))
    os.__dict__["_told_to_ours"] = {"name": OS_NAME[system]}
    _hide_modules(frozenset(modules), _Sys(system))
    _hide_proc()
    if system == "win32":
        socket.socketpair = _tcp_pair
        _no_readiness()
        _spawn_alone()


def _seen(module: types.ModuleType, hidden: frozenset[str], told: dict[str, object]) -> None:
    module.__dict__["_hidden_from_ours"], module.__dict__["_told_to_ours"] = hidden, told
    module.__class__ = _Seen


def _hide_modules(hidden: frozenset[str], seen_sys: _Sys) -> None:
    import_, import_module, find_spec = builtins.__import__, importlib.import_module, importlib.util.find_spec

    def seen_import(name, globals=None, locals=None, fromlist=(), level=0):  # type: ignore[no-untyped-def]
        if name == "sys" and _is_ours(sys._getframe(1)):
            return seen_sys
        if not level and name.partition(".")[0] in hidden and _is_ours(sys._getframe(1)):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return import_(name, globals, locals, fromlist, level)

    def seen_import_module(name, package=None):  # type: ignore[no-untyped-def]
        if name.partition(".")[0] in hidden and _is_ours(sys._getframe(1)):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return import_module(name, package)

    def seen_find_spec(name, package=None):  # type: ignore[no-untyped-def]
        return None if name.partition(".")[0] in hidden and _is_ours(sys._getframe(1)) else find_spec(name, package)

    builtins.__import__ = seen_import
    importlib.import_module, importlib.util.find_spec = seen_import_module, seen_find_spec


def _hide_proc() -> None:
    def without_proc(call):  # type: ignore[no-untyped-def]
        def seen(path, *arguments, **named):  # type: ignore[no-untyped-def]
            if isinstance(path, (str, bytes, os.PathLike)) and os.fsdecode(path).startswith("/proc"):
                raise FileNotFoundError(2, "No such file or directory", os.fspath(path))
            return call(path, *arguments, **named)

        return seen

    for name in ("stat", "lstat", "open", "listdir", "readlink", "access", "scandir"):
        os.__dict__[name] = without_proc(os.__dict__[name])
    builtins.open = io.open = without_proc(io.open)


def _tcp_pair(*_arguments, **_named):  # type: ignore[no-untyped-def]
    """As `socket.socketpair` makes it on Windows."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        return ours, listener.accept()[0]


def _no_readiness() -> None:
    """Windows' usual loop, the Proactor, knows no readiness: ours can't ask for it."""
    from asyncio import selector_events

    loop = selector_events.BaseSelectorEventLoop
    for name in ("add_reader", "add_writer", "remove_reader", "remove_writer"):
        setattr(loop, name, _refused(getattr(loop, name)))


def _refused(method):  # type: ignore[no-untyped-def]
    def seen(self, *arguments):  # type: ignore[no-untyped-def]
        if _is_ours(sys._getframe(1)):
            raise NotImplementedError
        return method(self, *arguments)

    return seen


def _spawn_alone() -> None:
    """`spawn` is the only way in which `multiprocessing` starts a process."""
    from multiprocessing import context

    context._default_context = context.DefaultContext(context._concrete_contexts["spawn"])
    for name in ("fork", "forkserver"):
        context._concrete_contexts.pop(name, None)
    import multiprocessing

    multiprocessing.get_context = context._default_context.get_context
    multiprocessing.get_start_method = context._default_context.get_start_method
    multiprocessing.get_all_start_methods = lambda: ["spawn"]


assert select  # imported before anything is hidden
