"""The terminal that we were started from, as a screen with keys; whatever happens, it is left as it was."""

from __future__ import annotations

import contextlib
import os
import re
import select
import threading
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleDimensions, Group

from compare.command import raw_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.text import Text

NAMED = {
    b"\x1b[A": "up", b"\x1bOA": "up", b"k": "up", b"\x1b[B": "down", b"\x1bOB": "down", b"j": "down",
    b"\r": "enter", b"\n": "enter", b"\x1b": "escape",
}  # fmt: skip
KEY = re.compile(rb"\x1b[\[O][0-9;]*[A-Za-z~]|.", re.DOTALL)
REST_S = 0.02
"""How long the rest of a key that sends several bytes may take."""


def keys(data: bytes) -> list[str]:
    """Return the names of the keys that sent these bytes: `up`, `down`, `enter`, `escape`, or a letter."""
    return [NAMED.get(each, each.decode("ascii", "replace").lower()) for each in KEY.findall(data)]


class Terminal:
    """Draws on a terminal, and reads keys from it in a thread of its own, from the first `draw` to `close`.

    Ctrl-C does what it does anywhere; the keys that would stop us with the screen still drawn do nothing.

    Attributes:
        trouble: why no key is taken any more, in a few words; `None` where they are.
    """

    def __init__(self, descriptor: int, press: Callable[[str], None]) -> None:
        """Draw nothing yet; the descriptor is ours from now on. `press` takes each key's name."""
        self._descriptor, self._press = descriptor, press
        self._file = os.fdopen(descriptor, "r+b", 0)
        self._text = os.fdopen(os.dup(descriptor), "w", errors="replace")
        self._console = Console(file=self._text, force_terminal=True)
        self._before = raw_terminal.settings(descriptor)
        self._woken, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._read, name="compare reads keys", daemon=True)
        self._is_taken = self._is_closed = False
        self.is_ascii = self._console.options.ascii_only
        self.trouble: str | None = None

    def _take(self) -> None:
        """Take the keys one by one, without showing them, and the whole screen."""
        self._is_taken = True
        raw_terminal.keys_one_by_one(self._descriptor)
        self._console.set_alt_screen(True)
        self._console.show_cursor(False)  # noqa: FBT003
        with raw_terminal.no_signals():
            self._thread.start()

    def close(self) -> None:
        """Give back what was taken, once; a terminal that is gone needs nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        os.close(self._wake)
        if self._thread.ident is not None:
            self._thread.join()
        os.close(self._woken)
        if self._is_taken:
            with contextlib.suppress(OSError, ValueError):
                self._console.show_cursor(True)  # noqa: FBT003
                self._console.set_alt_screen(False)
            raw_terminal.give_back(self._descriptor, self._before)
        for each in (self._text, self._file):
            with contextlib.suppress(OSError):
                each.close()

    def draw(self, lines: Callable[[int, int], Sequence[Text]]) -> None:
        """Draw what `lines` returns for so many columns and rows."""
        if not self._is_taken:
            self._take()
        size = os.get_terminal_size(self._descriptor)
        width, height = max(size.columns, 20), max(size.lines, 4)
        self._console.size = ConsoleDimensions(width, height)
        self._console.update_screen(Group(*lines(width, height)))

    def _read(self) -> None:
        try:
            while data := self._pressed():
                for name in keys(data):
                    self._press(name)
        except Exception as error:  # noqa: BLE001  the screen goes on without keys
            self.trouble = f"{type(error).__name__}: {error}"

    def _pressed(self) -> bytes:
        """What the next keys send; nothing at the end."""
        ready, _, _ = select.select([self._descriptor, self._woken], [], [])
        data = os.read(self._descriptor, 64) if self._woken not in ready else b""
        if data == b"\x1b" and select.select([self._descriptor], [], [], REST_S)[0]:
            data += os.read(self._descriptor, 64)
        return data


def ours() -> int | None:
    """Return a descriptor of the terminal that we are in the foreground of, if it can show a screen; else `None`."""
    if os.environ.get("TERM", "dumb").lower() in ("", "dumb", "unknown"):
        return None
    return raw_terminal.opened()
