"""A server on loopback that speaks as eight vendors do. What the last message says decides how it answers."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.vendors.anthropic_wire import AnthropicWire
from tests.vendors.openai_wire import OpenAIWire
from tests.vendors.shapes import ANTHROPIC, CREDENTIAL, SHAPES, Json, Refused, Shape

_PIECE = 7


@dataclass(frozen=True)
class Received:
    """One request as it came over the wire."""

    vendor: str
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Json


@dataclass
class Vendors:
    """The running server, and what it was sent."""

    loop: asyncio.AbstractEventLoop
    address: str = ""
    received: list[Received] = field(default_factory=list[Received])
    left: threading.Event = field(default_factory=threading.Event)
    """Set when a caller has left a stream that was still going on."""
    stalls: bool = False
    """Whether it never comes to the end of a refusal."""
    stalled: threading.Event = field(default_factory=threading.Event)
    """Set when it has begun one, or holds back a whole answer."""
    listing: bool = True
    redirect: tuple[int, str] | None = None
    peers: dict[Any, Any] = field(default_factory=dict[Any, Any])
    """The connections there have been."""

    def base_url(self, vendor: str) -> str:
        return self.address + SHAPES[vendor].root

    def last(self) -> Received:
        """The newest request that asked a model."""
        return next(each for each in reversed(self.received) if each.method == "POST")

    def hang_up(self) -> None:
        """Close every connection, as servers do with those that rest."""
        done = threading.Event()

        def close() -> None:
            for transport in self.peers.values():
                transport.close()
            done.set()

        asyncio.run_coroutine_threadsafe(_call(close), self.loop)
        assert done.wait(5)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        self.peers[request.transport.get_extra_info("peername")] = request.transport
        if self.redirect is not None:
            status, location = self.redirect
            return web.Response(status=status, headers={"Location": location})
        shape = next(shape for shape in SHAPES.values() if request.path.startswith(shape.root + "/"))
        path = request.path.removeprefix(shape.root)
        body = await _body_of(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(shape.name, request.method, path, dict(request.query), headers, body))
        if headers.get(shape.header.lower()) != shape.scheme + CREDENTIAL:
            return await self.refuse(request, shape.errors["credential"], str(body.get("model")))
        if request.method == "GET":
            return self.list_models(shape, path)
        wire = AnthropicWire() if shape is ANTHROPIC else OpenAIWire(shape)
        answer = wire.answer(path, body)
        if isinstance(answer, Refused):
            return await self.refuse(request, answer, str(body.get("model")))
        if isinstance(answer, dict):
            return await self.send_whole(request, shape, answer, wire.script)
        if isinstance(answer, bytes):
            pieces = [answer[at : at + 1000] for at in range(0, len(answer), 1000)]
            return await self.stream(request, pieces, wire.script, "audio/mpeg")
        return await self.stream(request, answer, wire.script)

    def list_models(self, shape: Shape, path: str) -> web.Response:
        if path != shape.models or not self.listing:
            return web.json_response({"error": {"message": "Not Found"}}, status=404)
        data = [{"id": f"{shape.name}-large", "object": "model"}, {"id": f"{shape.name}-small"}]
        return web.json_response({"object": "list", "data": data})

    async def refuse(self, request: web.Request, refused: Refused, upstream: str) -> web.StreamResponse:
        text = json.dumps(refused.body, ensure_ascii=False).replace("UPSTREAM", upstream)
        headers = {"Content-Type": "application/json", **refused.headers}
        if self.stalls:
            response = web.StreamResponse(status=refused.status, headers=headers)
            await response.prepare(request)
            await response.write(text.encode()[:7])
            self.stalled.set()
            await self.wait_until_left(request)
        return web.Response(text=text, status=refused.status, headers=headers)

    async def send_whole(
        self, request: web.Request, shape: Shape, answer: Json, script: str
    ) -> web.StreamResponse:
        text = shape.blank_lines + json.dumps(answer, ensure_ascii=False).encode()
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        if script == "hold":
            self.stalled.set()
            await self.wait_until_left(request)
        if script != "cut":
            await response.prepare(request)
            await response.write(text)
            return response
        response.content_length = len(text)
        await response.prepare(request)
        await response.write(text[: len(text) // 2])
        _hang_up(request)
        return response

    async def stream(
        self,
        request: web.Request,
        events: list[bytes],
        script: str,
        content_type: str = "text/event-stream; charset=utf-8",
    ) -> web.StreamResponse:
        """Events in pieces of a few bytes, so that every boundary lies somewhere in the middle."""
        response = web.StreamResponse(headers={"Content-Type": content_type})
        await response.prepare(request)
        text = b"".join(events)
        if script in ("cut", "hold"):
            text = b"".join(events[: len(events) // 2])
        try:
            async for piece in _pieces(text):
                await response.write(piece)
        except (ConnectionResetError, asyncio.CancelledError):
            # Whoever asked has left already.
            self.left.set()
            raise
        if script == "cut":
            _hang_up(request)
        if script == "hold":
            await self.wait_until_left(request)
        return response

    async def wait_until_left(self, request: web.Request) -> None:
        """The framework cancels whoever answers a caller that has gone."""
        try:
            await asyncio.Event().wait()
        finally:
            self.left.set()


async def _body_of(request: web.Request) -> Json:
    """The fields of JSON, or of a form: a file as its name and its bytes, what ends in [] as a list."""
    if not request.can_read_body:
        return {}
    if request.content_type != "multipart/form-data":
        return await request.json()
    body: Json = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            with value.file as file:
                body[name] = (value.filename, file.read())
        elif name.endswith("[]"):
            body.setdefault(name, []).append(value)
        else:
            assert name not in body
            body[name] = value
    return body


async def _call(act: Callable[[], None]) -> None:
    act()


async def _pieces(text: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(text), _PIECE):
        yield text[start : start + _PIECE]
        if start % (_PIECE * 10) == 0:
            await asyncio.sleep(0)


def _hang_up(request: web.Request) -> None:
    assert request.transport is not None
    request.transport.close()


@contextmanager
def running_vendors() -> Iterator[Vendors]:
    """The server in a thread of its own, until the end of the block."""
    loop, up = asyncio.new_event_loop(), threading.Event()
    vendors = Vendors(loop)
    runner: Any = None

    async def start() -> None:
        nonlocal runner
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", vendors.serve)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        vendors.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        up.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run, name="vendors")
    thread.start()
    assert up.wait(10)
    try:
        yield vendors
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        assert not thread.is_alive()
