"""Which of Python's audit events are calls that may block, and for what: told by what the call does, and its arguments.

The events are those of PEP 578, with the arguments that `audit_events` in Python's documentation lists. An event that
others follow for the same work (`shutil.copyfile`, which opens files) is left out. None of the functions here runs code
of the program's: they look at exact types only, as they are called from an audit hook.
"""

from __future__ import annotations

import _socket
import pathlib
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...results import Nature

MOST_TEXT = 300
"""How much of a target is told, in characters."""
IN_MEMORY = ("/proc/", "/sys/")
"""Files that the kernel makes when they are read: no disk and no network lies behind them."""
MEMORY_DEVICES = {"/dev/null", "/dev/zero", "/dev/full", "/dev/urandom"}
DONT_WAIT = 4
"""`LOCK_NB` of flock(2), by which a lock is asked for without waiting."""
UNLOCK = 8
"""`LOCK_UN` of flock(2)."""
LOCKF_WAITS = 1
"""`F_LOCK` of lockf(3)."""


class Event(NamedTuple):
    """A kind of call. `target` returns what it waits for, in words (or none), and `None` where it can't block."""

    nature: Nature
    target: Callable[[tuple[Any, ...]], str | None]


def text(given: Any) -> str:
    """Return a path, a name or a command as text, without calling anything of the program's."""
    if type(given) is str:
        return given[:MOST_TEXT]
    if type(given) is bytes:
        return given[:MOST_TEXT].decode(errors="replace")
    if type(given) in {pathlib.PosixPath, pathlib.WindowsPath, pathlib.PurePosixPath, pathlib.PureWindowsPath}:
        return str(given)[:MOST_TEXT]
    return f"descriptor {given}" if type(given) is int else ""


def _path(arguments: tuple[Any, ...]) -> str | None:
    return _on_storage("." if arguments[0] is None else text(arguments[0]))


def _opened(arguments: tuple[Any, ...]) -> str | None:
    """A descriptor that is open already is not opened."""
    return None if type(arguments[0]) is int else _on_storage(text(arguments[0]))


def _on_storage(path: str) -> str | None:
    return None if path.startswith(IN_MEMORY) or path in MEMORY_DEVICES else path


def _locked(arguments: tuple[Any, ...]) -> str | None:
    operation = arguments[1]
    return None if type(operation) is int and operation & (DONT_WAIT | UNLOCK) else text(arguments[0])


def _locked_region(arguments: tuple[Any, ...]) -> str | None:
    return text(arguments[0]) if arguments[1] == LOCKF_WAITS else None


def _slept(arguments: tuple[Any, ...]) -> str | None:
    seconds = arguments[0]
    return None if type(seconds) in {int, float} and not seconds > 0 else ""


def _program(arguments: tuple[Any, ...]) -> str | None:
    executable, given = arguments[0], arguments[1]
    first = given[0] if type(given) in {list, tuple} and given else given
    return text(executable) or text(first)


def _command(arguments: tuple[Any, ...]) -> str | None:
    return text(arguments[0])


def _connected(arguments: tuple[Any, ...]) -> str | None:
    if _socket.socket.type.__get__(arguments[0]) == _socket.SOCK_DGRAM:
        return None  # only the address is kept
    return _sent(arguments)


def _sent(arguments: tuple[Any, ...]) -> str | None:
    if _socket.socket.gettimeout(arguments[0]) == 0:
        return None
    address = arguments[1]
    if type(address) is tuple and len(address) >= 2:
        return f"{text(address[0])}:{address[1]}" if type(address[1]) is int else text(address[0])
    return text(address)


def _named(arguments: tuple[Any, ...]) -> str | None:
    """A numeric address is no name: it is not asked for."""
    host = text(arguments[0])
    return None if not host or _is_numeric(host) else host


def _is_numeric(host: str) -> bool:
    for family in (_socket.AF_INET, _socket.AF_INET6):
        try:
            _socket.inet_pton(family, host.partition("%")[0])
        except (OSError, UnicodeError, ValueError):
            continue
        return True
    return False


def _whose(arguments: tuple[Any, ...]) -> str | None:
    address = arguments[0]
    return text(address[0] if type(address) is tuple and address else address)


def _database(arguments: tuple[Any, ...]) -> str | None:
    name = text(arguments[0])
    is_in_memory = type(arguments[0]) in {str, bytes} and (name in {"", ":memory:"} or "mode=memory" in name)
    return None if is_in_memory or name.startswith("file::memory:") else name


def _asked(_: tuple[Any, ...]) -> str | None:
    return "standard input"


FILE_CALLS = (
    "listdir", "scandir", "chdir", "mkdir", "rmdir", "rename", "remove", "link", "symlink", "truncate", "chmod",
    "chown", "chflags", "utime", "setxattr", "getxattr", "listxattr", "removexattr",
)  # fmt: skip

EVENTS: dict[str, Event] = {
    "open": Event("files", _opened),
    **{f"os.{name}": Event("files", _path) for name in FILE_CALLS},
    "fcntl.flock": Event("lock", _locked),
    "fcntl.lockf": Event("lock", _locked),
    "os.lockf": Event("lock", _locked_region),
    "time.sleep": Event("sleep", _slept),
    "subprocess.Popen": Event("program", _program),
    "os.posix_spawn": Event("program", _program),
    "os.system": Event("program", _command),
    "socket.connect": Event("network", _connected),
    "socket.sendto": Event("network", _sent),
    "socket.sendmsg": Event("network", _sent),
    "socket.getaddrinfo": Event("name", _named),
    "socket.gethostbyname": Event("name", _named),
    "socket.gethostbyaddr": Event("name", _whose),
    "socket.getnameinfo": Event("name", _whose),
    "socket.getservbyname": Event("name", _whose),
    "socket.getservbyport": Event("name", _whose),
    "sqlite3.connect": Event("database", _database),
    "builtins.input": Event("input", _asked),
}
"""The events whose call may block, by their names."""
