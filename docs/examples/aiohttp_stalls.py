"""An aiohttp application whose event loop is watched from its start to its end."""

import time
from collections.abc import AsyncIterator

from aiohttp import web
from stalls_to_logging import log

import compare


async def stalls(_: web.Application) -> AsyncIterator[None]:
    """Before the `yield` is what is done at the start, and after it at the end."""
    async with compare.watch(threshold_ms=50, on_stall=log):
        yield


async def late(_: web.Request) -> web.Response:
    """Answer, late."""
    time.sleep(0.2)  # noqa: ASYNC251  what is to be found
    return web.Response(text="late\n")


app = web.Application()
app.cleanup_ctx.append(stalls)
app.router.add_get("/", late)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=8080)
