"""Async calls that run at once, on the loop that is there.

It imports relatively, and of the loops only the variant's own: it runs in the variant's process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


async def at_once(backend: str, calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Return what the calls return, in their order; the first that fails cancels the others.

    Raises:
        ExceptionGroup: one has failed.
    """
    return await (_in_trio if backend == "trio" else _in_asyncio)(calls)


async def _in_asyncio(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    import asyncio  # noqa: PLC0415  only one of the two is there

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(call()) for call in calls]
    return [task.result() for task in tasks]


async def _in_trio(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    import trio  # noqa: PLC0415  only one of the two is there

    answers: list[Any] = [None] * len(calls)

    async def one(index: int) -> None:
        answers[index] = await calls[index]()

    async with trio.open_nursery() as nursery:
        for index in range(len(calls)):
            nursery.start_soon(one, index)
    return answers
