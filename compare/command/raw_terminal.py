"""A terminal's own settings, where it has some: keys one by one, and who is in the foreground."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.platform == "win32":

    def settings(descriptor: int) -> list[Any]:
        """There are none."""
        raise OSError(descriptor)

    def keys_one_by_one(descriptor: int) -> None:
        """Not here."""
        raise OSError(descriptor)

    def give_back(descriptor: int, before: list[Any]) -> None:
        """Nothing was taken."""

    def opened() -> int | None:
        """There is no terminal that can be opened, drawn on and asked for keys in this way."""
        return None

    @contextlib.contextmanager
    def no_signals() -> Iterator[None]:
        """They come to the main thread alone anyway."""
        yield

else:
    CONTROLS = 6
    """Where `tcgetattr` has the control characters."""

    def settings(descriptor: int) -> list[Any]:
        """Return how the terminal is set."""
        import termios  # noqa: PLC0415  not everywhere

        return termios.tcgetattr(descriptor)

    def keys_one_by_one(descriptor: int) -> None:
        """Have it give each key as it is pressed, without showing it; the keys that would stop us do nothing."""
        import termios  # noqa: PLC0415  not everywhere
        import tty  # noqa: PLC0415

        tty.setcbreak(descriptor)
        mode = termios.tcgetattr(descriptor)
        for each in (termios.VSUSP, termios.VQUIT):
            mode[CONTROLS][each] = b"\0"
        termios.tcsetattr(descriptor, termios.TCSANOW, mode)

    def give_back(descriptor: int, before: list[Any]) -> None:
        """Set it as it was; one that is gone needs nothing."""
        import termios  # noqa: PLC0415  not everywhere

        with contextlib.suppress(OSError, termios.error):
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

    def opened() -> int | None:
        """Return a descriptor of the terminal that we are in the foreground of; `None` where there is none."""
        try:
            import termios  # noqa: F401, PLC0415  without it no key can be taken

            descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        except (OSError, ImportError, AttributeError):
            return None
        with contextlib.suppress(OSError, AttributeError):
            if os.tcgetpgrp(descriptor) == os.getpgrp():
                return descriptor
        os.close(descriptor)
        return None

    @contextlib.contextmanager
    def no_signals() -> Iterator[None]:
        """A thread that is started meanwhile takes no signal that others wait for."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
