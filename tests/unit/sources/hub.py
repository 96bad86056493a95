"""A hub on loopback that speaks the hubs' protocol, with the faults that real ones show."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

CONTENT = bytes(range(256)) * 32768
NAME = "tiny.gguf"


@dataclass
class ScriptedHub:
    """Serves CONTENT at both hubs' addresses, by way of a redirect to its own CDN path, as the real ones do."""

    content: bytes = CONTENT
    tag: str = '"v1"'
    cut_after: int | None = None
    """Close the connection after so many bytes of the next answer; once."""
    stall_after: int | None = None
    """Send so many bytes of every answer and then nothing more, until the client leaves."""
    status: int = 200
    redirect_to: str | None = None
    ranges: list[str] = field(default_factory=list[str])
    bytes_sent: int = 0
    address: str = ""

    async def resolve(self, request: web.Request) -> web.StreamResponse:
        if self.status != 200:
            return web.Response(status=self.status)
        raise web.HTTPFound(self.redirect_to or f"/cdn/{NAME}")

    async def cdn(self, request: web.Request) -> web.StreamResponse:
        start = 0
        asked = request.headers.get("Range", "")
        self.ranges.append(asked)
        if asked and request.headers.get("If-Range") == self.tag:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        response = web.StreamResponse(status=206 if start else 200, headers={"ETag": self.tag})
        body = self.content[start:]
        response.content_length = len(body)
        await response.prepare(request)
        if self.cut_after is not None:
            body, self.cut_after = body[: self.cut_after], None
            await response.write(body)
            self.bytes_sent += len(body)
            assert request.transport is not None
            request.transport.close()
            return response
        if self.stall_after is not None:
            await response.write(body[: self.stall_after])
            await asyncio.Event().wait()
        await response.write(body)
        self.bytes_sent += len(body)
        return response


@asynccontextmanager
async def running_hub() -> AsyncGenerator[ScriptedHub]:
    hub = ScriptedHub()
    app = web.Application()
    app.router.add_get("/{owner}/{repo}/resolve/{revision}/{name}", hub.resolve)
    app.router.add_get("/models/{owner}/{repo}/resolve/{revision}/{name}", hub.resolve)
    app.router.add_get("/cdn/{name}", hub.cdn)
    # A client that leaves ends its handler, also one that stalls on purpose.
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hub.address = site.name
    yield hub
    await runner.cleanup()


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
