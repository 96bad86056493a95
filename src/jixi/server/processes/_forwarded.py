"""`Forwarded`: a request that comes to the house from a gateway process is as if it had come by itself."""

from typing import Final

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from jixi.server.http import HEADERS, Connection

CLIENT: Final = b"x-jixi-client"
SCHEME: Final = b"x-jixi-scheme"
_IDLE_S: Final = 75


def house_config(app: ASGIApp) -> uvicorn.Config:
    """How the house answers its gateway processes. It closes no connection that one of them may be about to use."""
    return uvicorn.Config(
        app,
        loop="none",
        http=Connection,
        interface="asgi3",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=_IDLE_S,
    )


class Forwarded:
    """Stands before the house's app, on a socket that gateway processes alone can reach."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: list[tuple[bytes, bytes]] = []
        for name, value in scope["headers"]:
            if name == CLIENT:
                host, _, port = value.decode("latin-1").rpartition(" ")
                scope["client"] = (host, int(port))
            elif name == SCHEME:
                scope["scheme"] = value.decode("latin-1")
            else:
                headers.append((name, value))
        scope["headers"] = headers
        scope.pop(HEADERS, None)
        await self._app(scope, receive, send)
