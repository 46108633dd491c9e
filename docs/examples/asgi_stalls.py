"""An ASGI application whose event loop is watched while the server runs."""

import time
from typing import Any

from stalls_to_logging import log

import compare


class StallsMiddleware:
    """Goes around an application that knows lifespans: Starlette's, FastAPI's."""

    def __init__(self, app: Any) -> None:
        """Take the application."""
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The lifespan's call lasts from the server's start to its end."""
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        async with compare.watch(threshold_ms=50, on_stall=log):
            await self.app(scope, receive, send)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer each request, late."""
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    time.sleep(0.2)  # noqa: ASYNC251  what is to be found
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"late\n"})


app = StallsMiddleware(application)
