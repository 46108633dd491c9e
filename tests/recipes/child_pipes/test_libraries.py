"""What the recipes say of the libraries that they go around: once this is not so any more, they can be shorter."""

from __future__ import annotations

import gc
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import trio

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.recipes.child_pipes.conftest import Noted

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # what they leave open is not held against us

MUCH = bytes(1 << 20)


def test_anyio_complains_on_trio_of_a_child_that_closes_its_input(run: Callable[..., Any]) -> None:
    async def feed() -> None:
        await anyio.run_process(["sh", "-c", "exec <&-; exec sleep 0.2"], input=MUCH)

    with pytest.raises(ExceptionGroup) as caught:
        run("trio", feed)
    assert isinstance(caught.value.exceptions[0], anyio.BrokenResourceError)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_anyio_run_process_leaves_grandchildren(
    run: Callable[..., Any], backend: str, noted: Noted
) -> None:
    async def cancelled() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.run_process, ["sh", "-c", f"sleep 600 >&- 2>&- & echo $! > {noted}; wait"])
            await noted.comes()
            group.cancel_scope.cancel()

    run(backend, cancelled)
    gc.collect()  # closes what was left open
    assert noted.runs()


def test_a_cancelled_trio_run_process_leaves_grandchildren(run: Callable[..., Any], noted: Noted) -> None:
    async def cancelled() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.run_process, ["sh", "-c", f"sleep 600 >&- 2>&- & echo $! > {noted}; wait"])
            await noted.comes()
            nursery.cancel_scope.cancel()

    run("trio", cancelled)
    assert noted.runs()


def test_subprocess_run_leaves_grandchildren_at_its_time_limit(noted: Noted) -> None:
    with suppress(subprocess.TimeoutExpired):
        script = f"sleep 600 >&- 2>&- & echo $! > {noted}; wait"
        subprocess.run(["sh", "-c", script], capture_output=True, timeout=0.5, check=False)
    assert noted.runs()
