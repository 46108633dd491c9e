"""The line between a host and its child: two pipes; on Windows, where nobody can wait for several pipes, `connections`.

It imports relatively: it runs in the variant's process too.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import selectors


class Pipes:
    """A host's ends of two pipes."""

    def __init__(self) -> None:
        """Make them."""
        self._theirs_in, self._commands = os.pipe()
        self.messages, self._theirs_out = os.pipe()

    @property
    def arguments(self) -> tuple[str, ...]:
        """What the child is told."""
        return str(self._theirs_in), str(self._theirs_out)

    @property
    def passed(self) -> tuple[int, ...]:
        """The descriptors that it inherits."""
        return self._theirs_in, self._theirs_out

    def register(self, selector: selectors.BaseSelector, child: object) -> None:
        """Wait for its messages there; its ends are its own now."""
        self.started()
        selector.register(self.messages, 1, child)

    def started(self) -> None:
        """Close the ends that are not ours."""
        for descriptor in {self._theirs_in, self._theirs_out} - {-1}:
            os.close(descriptor)
        self._theirs_in = self._theirs_out = -1

    def send(self, data: bytes) -> None:
        """Send to a child that reads; one that is gone is noticed when its answer is waited for."""
        with suppress(BrokenPipeError):
            while data:
                data = data[os.write(self._commands, data) :]

    def receive(self, selector: selectors.BaseSelector) -> bytes | None:
        """What has come, when something has; `b""` at the end."""
        del selector
        return os.read(self.messages, 65536)

    def hang_up(self) -> None:
        """Tell the child to end: it hears that its line is closed."""
        if self._commands >= 0:
            os.close(self._commands)
            self._commands = -1

    def close(self) -> None:
        """Give everything back."""
        self.started()
        self.hang_up()
        if self.messages >= 0:
            os.close(self.messages)
            self.messages = -1


class PipeEnd:
    """A child's ends of two pipes."""

    def __init__(self, commands: int, messages: int) -> None:
        """Take the two descriptors; neither is passed on to what the variant executes."""
        self.descriptor, self._messages = commands, messages
        for descriptor in (commands, messages):
            os.set_inheritable(descriptor, False)  # noqa: FBT003  its only form

    def read(self) -> bytes:
        """Wait for what the host says; `b""` when it has hung up."""
        return os.read(self.descriptor, 65536)

    def write(self, data: bytes) -> None:
        """Say it; the host reads all the time."""
        while data:
            data = data[os.write(self._messages, data) :]


if sys.platform == "win32":
    # sockets take long to import
    from .connections import Connection, ConnectionEnd

    HostEnd = Connection

    def end(first: str, second: str) -> ConnectionEnd:
        """A child's end of its line, from the two arguments that it was started with."""
        return ConnectionEnd(int(first), bytes.fromhex(second))

else:
    HostEnd = Pipes

    def end(first: str, second: str) -> PipeEnd:
        """A child's end of its line, from the two arguments that it was started with."""
        return PipeEnd(int(first), int(second))
