"""`Forward`: hands a request to the house and its answer back, both as they come."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import aiohttp
from multidict import CIMultiDict
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from yarl import URL

from jixi.core.errors import JixiError, problem
from jixi.core.ids import new_id
from jixi.server._ending import Ending
from jixi.server._scope import REQUEST_ID
from jixi.server.http import Departure
from jixi.server.processes._forwarded import CLIENT, SCHEME

_HOP_BY_HOP: Final = frozenset(
    [
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"expect",
    ]
)
_OURS: Final = frozenset([CLIENT, SCHEME])
_AUTOMATIC: Final = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
_IDLE_S: Final = 30
_LONGEST_HEADER: Final = 64 * 1024
_SOON_S: Final = 2


class Forward:
    """An ASGI app. `refuse` renders the problem of a house that does not answer."""

    def __init__(self, socket: Path, ending: Ending, refuse: Callable[[Scope, JixiError], ASGIApp]) -> None:
        self._socket = socket
        self._ending = ending
        self._refuse = refuse

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(str(self._socket), limit=0, keepalive_timeout=_IDLE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            skip_auto_headers=_AUTOMATIC,
            max_line_size=_LONGEST_HEADER,
            max_field_size=_LONGEST_HEADER,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        passage = _Passage(self._ending, send)
        task = self._ending.enter(passage)
        try:
            await self._pass(scope, receive, passage)
        except asyncio.CancelledError:
            if not self._ending.was_cut():
                raise
            if passage.endless:
                await passage.end()
            elif not passage.started:
                await self._apologise(scope, receive, passage)
        except aiohttp.ClientError:
            if passage.started:
                raise
            await self._apologise(scope, receive, passage)
        finally:
            self._ending.leave(task)

    async def _apologise(self, scope: Scope, receive: Receive, passage: "_Passage") -> None:
        scope[REQUEST_ID] = new_id("req")
        error = problem("server_ending", retry_after=_SOON_S)
        await self._refuse(scope, error)(scope, receive, passage)

    async def _pass(self, scope: Scope, receive: Receive, passage: "_Passage") -> None:
        upload = _Upload(scope, receive)
        async with self._session.request(
            scope["method"],
            _address(scope),
            headers=_headers(scope),
            data=upload.blocks() if upload.expected else None,
            allow_redirects=False,
        ) as answer:
            with Departure(scope):
                await passage.begin(answer.status, answer.raw_headers)
                async for block in answer.content.iter_any():
                    await passage.go_on(block)
                await passage.end()


class _Upload:
    """The body of a request."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        names = {name for name, _ in scope["headers"]}
        self.expected = bool(names & {b"content-length", b"transfer-encoding"})
        self._receive = receive

    async def blocks(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise aiohttp.ClientConnectionError
            yield message.get("body", b"")
            more = message.get("more_body", False)


class _Passage:
    """`send` for an answer from the house."""

    def __init__(self, ending: Ending, send: Send) -> None:
        self.started = self.endless = False
        self._complete = False
        self._ending = ending
        self._send = send

    async def __call__(self, message: Message) -> None:
        await self._send(message)

    async def begin(self, status: int, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        """The status and the headers; those are left out that speak of the connection to the house."""
        passed = [
            (name.lower(), value)
            for name, value in headers
            if name.lower() not in _HOP_BY_HOP and name.lower() != b"date"
        ]
        self.endless = any(
            name == b"content-type" and value.startswith(b"text/event-stream") for name, value in passed
        )
        if self._ending.begun:
            passed.append((b"connection", b"close"))
        self.started = True
        await self._send({"type": "http.response.start", "status": status, "headers": passed})

    async def go_on(self, block: bytes) -> None:
        await self._send({"type": "http.response.body", "body": block, "more_body": True})

    async def end(self) -> None:
        if self.started and not self._complete:
            self._complete = True
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _address(scope: Scope) -> URL:
    query: bytes = scope["query_string"]
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    text = path.decode("ascii", "replace") + (f"?{query.decode('ascii', 'replace')}" if query else "")
    return URL(f"http://house{text}", encoded=True)


def _headers(scope: Scope) -> CIMultiDict[str]:
    """The caller's headers, and who the caller is; nobody else's word for that is passed on."""
    headers = CIMultiDict[str]()
    for name, value in scope["headers"]:
        if name not in _HOP_BY_HOP and name not in _OURS:
            headers.add(name.decode("latin-1"), value.decode("utf-8", "replace"))
    if client := scope.get("client"):
        headers[CLIENT.decode()] = f"{client[0]} {client[1]}"
    headers[SCHEME.decode()] = scope["scheme"]
    return headers
