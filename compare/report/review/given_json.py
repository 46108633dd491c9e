"""A file with JSON that an option names: read, or refused in one line that says what was expected and what came."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class UnreadableError(ValueError):
    """The file can't be used; the message is one line."""


def read(name: str, take: Callable[[Any], T], *, option: str, expected: str, remedy: str) -> T:
    """Return what `take` makes of a file's JSON.

    Args:
        name: the file.
        take: raises `ValueError` for what it does not know, with a message; other errors where it is something else.
        option: how it was named.
        expected: what should be in it, in a few words.
        remedy: what to do where there is no such file.

    Raises:
        UnreadableError: it can't be read, or it is something else.
    """
    named = f"{option} {name}"
    try:
        return take(json.loads(Path(name).read_text("utf-8")))
    except OSError as error:
        message = f"{named}: {error.strerror}: {remedy}"
    except UnicodeDecodeError:
        message = f"{named}: expected {expected}, not bytes that are no text"
    except json.JSONDecodeError as error:
        message = f"{named}: expected {expected}, not what is in line {error.lineno}: {error.msg}"
    except ValueError as error:
        message = f"{named}: {error}"
    except (KeyError, TypeError, AttributeError):
        message = f"{named}: expected {expected}, not other JSON"
    raise UnreadableError(message)
