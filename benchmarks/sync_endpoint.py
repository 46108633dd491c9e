"""A service on uvicorn whose endpoint is a plain function: each request goes to one of the 40 threads that anyio has.

Started by `benchmarks.server`. The answer is what FILE, an environment variable, names.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI, Response

if TYPE_CHECKING:
    import socket


CONTENT = Path(os.environ["FILE"]).read_bytes()


async def serve(listener: socket.socket) -> None:
    """Serve until killed."""
    app = FastAPI()

    @app.get("/{name}")
    def endpoint(name: str) -> Response:
        return Response(CONTENT, headers={"X-Name": name})

    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    await uvicorn.Server(config).serve([listener])
