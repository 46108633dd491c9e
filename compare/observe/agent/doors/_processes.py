"""The line before a pool's processes, which take the work in the order in which it was handed in."""

from __future__ import annotations

from collections import deque

from ..channel import Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..notes import Agent


class Line:
    """One pool's work, of which each request may have several pieces; it begins with the first of them.

    Which process begins which is not heard of here. But a piece begins when fewer than the pool has processes are left
    of those before it. Several threads may take a step at once, and wait for none of the others.
    """

    def __init__(self, pool: int, size: int, agent: Agent) -> None:
        """Nothing is handed in yet."""
        self.pool, self.size, self._agent = pool, size, agent
        self._begun: dict[int, int] = {}
        """Of each request that has begun: how many of its pieces are not done."""
        self._waiting: deque[tuple[int, int]] = deque()

    def joins(self, request: int, pieces: int = 1) -> None:
        """Work is handed in."""
        self._waiting.append((request, pieces))
        self._advance()

    def leaves(self, request: int, pieces: int = 1) -> bool:
        """A piece of it, or several, are done, or given up; returns whether nothing is left in the line."""
        left = self._begun.get(request)
        if left is None and not self._withdrawn(request):  # else it begins at this moment
            left = self._begun.get(request)
        if left is not None and left > pieces:
            self._begun[request] = left - pieces
        elif left is not None and self._begun.pop(request, None) is not None:
            self._agent.note(Kind.DONE, request, self.pool)
        self._advance()
        return not (self._begun or self._waiting)

    def _withdrawn(self, request: int) -> bool:
        for each in list(self._waiting):
            if each[0] == request:
                try:
                    self._waiting.remove(each)
                except ValueError:
                    return False
                self._agent.note(Kind.WITHDRAWN, request, self.pool)
                return True
        return False

    def _advance(self) -> None:
        while self._waiting and sum(list(self._begun.values())) < self.size:
            try:
                request, pieces = self._waiting.popleft()
            except IndexError:
                return
            self._begun[request] = pieces
            self._agent.note(Kind.ADMITTED, request, self.pool)
