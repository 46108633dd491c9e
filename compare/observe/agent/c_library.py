"""Functions of the C library, without `ctypes`: it takes longer to import than all of the agent."""

from __future__ import annotations

import _ctypes
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BYTES = 1 << 10
"""More than any C library's `sigset_t` and `pthread_attr_t` take."""
_CONVENTION = _ctypes.FUNCFLAG_CDECL


class Pointer(_ctypes._SimpleCData):  # type: ignore[type-arg]  # noqa: SLF001  `ctypes` is made of these too
    """An address; a number, bytes, an array or `None` is taken for one too."""

    _type_ = "P"


class Integer(_ctypes._SimpleCData):  # type: ignore[type-arg]  # noqa: SLF001
    """A C `int`."""

    _type_ = "i"


class Long(_ctypes._SimpleCData):  # type: ignore[type-arg]  # noqa: SLF001
    """A C `long`."""

    _type_ = "l"


class _Character(_ctypes._SimpleCData):  # type: ignore[type-arg]  # noqa: SLF001
    _type_ = "c"


class Bytes(_ctypes.Array):  # type: ignore[type-arg]
    """Room for a structure that the C library fills."""

    _type_, _length_ = _Character, BYTES


class Timespec(_ctypes.Array):  # type: ignore[type-arg]
    """Seconds and nanoseconds."""

    _type_, _length_ = Long, 2


class Start(_ctypes.CFuncPtr):
    """What a thread begins with."""

    _flags_, _argtypes_, _restype_ = _CONVENTION, (Pointer,), Pointer


byref = _ctypes.byref


def load(name: str) -> None:
    """Have a library in the process from now on, if there is one of that name."""
    if sys.platform != "win32":
        try:
            _ctypes.dlopen(name, 0)
        except OSError:  # another C library, which needs none
            return


def function(name: str, *arguments: Any) -> Any:
    """Return a function that returns an `int`; raises `OSError` if there is none of that name."""

    class Function(_ctypes.CFuncPtr):
        _flags_, _argtypes_, _restype_ = _CONVENTION, arguments, Integer

    if sys.platform == "win32":
        message = f"there is no {name} here"
        raise OSError(message)
    else:  # noqa: RET506  mypy is told what is whose
        program = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]  # its own libraries
        return Function(_ctypes.dlsym(program, name))
