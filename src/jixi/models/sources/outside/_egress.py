"""The one client for addresses outside this machine: it never reaches inside the network by mistake.

Every address is resolved once, every answer is judged, and the connection goes to a judged address. Fetches judge each
redirect anew and send nothing along that identifies us; what carries a credential follows no redirect at all.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urljoin

import aiohttp

from jixi.models.sources.outside._judge import Judge, refused

_MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_FETCH_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, connect=10, sock_connect=5, sock_read=30)
# Whoever waits for an answer has clocks of their own; this one ends what they have forgotten.
_SEND_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, connect=10, sock_connect=5, sock_read=660)
_KEPT_S: Final = 30
_FETCH_BUFFER: Final = 256 * 1024
_MOST_BYTES: Final = 256 * 1024 * 1024
_MOST_WHOLE: Final = 128 * 1024 * 1024
"""Of a body that is read whole: the images of one call fit, and two thousand vectors of four thousand numbers each."""


class EgressError(ConnectionError):
    """The other side could not be reached, or its answer was cut, garbled or larger than any answer should be.

    `too_large` says that it was the last of these.
    """

    def __init__(self, reason: str, *, too_large: bool = False) -> None:
        super().__init__(reason)
        self.too_large = too_large


class EgressResponse:
    """An answer whose headers are in. Take its body as it comes, or read it whole; abort what is not wanted."""

    __slots__ = ("_block", "_bytes", "_content", "_most", "_response", "headers", "status")

    def __init__(self, response: aiohttp.ClientResponse, most_bytes: int) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
        self._response = response
        self._content = response.content
        self._block = b""
        self._bytes = 0
        self._most = most_bytes

    @property
    def finished(self) -> bool:
        """Whether the body has arrived in full and was taken."""
        return not self._block and self._content.at_eof()

    def take(self) -> bytes:
        """What has arrived and was not taken yet, without waiting; empty where there is nothing."""
        if block := self._block:
            self._block = b""
        elif self._content.exception() is None:
            block = self._content.read_nowait()
        self._bytes += len(block)
        return block

    async def arrival(self) -> None:
        """Wait until there is more to take, or until the body has ended. Raises `EgressError` where it was cut."""
        self._bound(self._most)
        if not self._block:
            try:
                self._block = await self._content.readany()
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                raise EgressError("the answer was cut") from error

    async def read(self) -> bytes:
        """What is left of the body. Raises `EgressError` where it was cut, or is more than is held in memory."""
        blocks: list[bytes] = []
        try:
            while not self.finished:
                if block := self.take():
                    self._bound(min(self._most, _MOST_WHOLE))
                    blocks.append(block)
                else:
                    await self.arrival()
        except EgressError:
            # Whoever keeps the error keeps this frame, and must not keep all of the answer with it.
            blocks.clear()
            raise
        return b"".join(blocks)

    def _bound(self, most_bytes: int) -> None:
        if self._bytes > most_bytes:
            self.abort()
            raise EgressError("the answer is too large", too_large=True)

    def abort(self) -> None:
        """Close the connection, which tells the other side to stop. Does nothing once the body has arrived."""
        if not self._content.is_eof():
            self._response.close()


class Egress:
    """Reaches hosts on the public internet, and `allowed_hosts`, which the operator has named."""

    def __init__(self, allowed_hosts: frozenset[str] = frozenset()) -> None:
        self._judge = Judge(allowed_hosts)
        self._session: aiohttp.ClientSession | None = None

    def check(self, url: str, *, with_credential: bool = False) -> str:
        """The host of `url`. Raises `egress_refused` where the address shows that it will never be reached.

        A credential travels over https, or to a host that the operator has named.
        """
        parts = self._judge.check(url)
        host = parts.hostname or ""
        if with_credential and parts.scheme != "https" and not self._judge.is_allowed(host):
            raise refused(host, "a credential is sent over https alone")
        return host

    @asynccontextmanager
    async def get(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        credential: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        """The answer to GET, redirects followed. Raises `egress_refused`, aiohttp.ClientError or TimeoutError.

        The headers of `credential` go to the origin of `url` alone: no redirect takes them to another.
        """
        self.check(url, with_credential=bool(credential))
        home = self._origin(url)
        for _ in range(_MOST_REDIRECTS + 1):
            at_home = self._origin(url) == home
            sent = {**(headers or {}), **((credential or {}) if at_home else {})}
            async with self._opened().get(
                url, headers=sent, allow_redirects=False, read_bufsize=_FETCH_BUFFER
            ) as response:
                if response.status not in _REDIRECTS:
                    yield response
                    return
                url = urljoin(url, response.headers.get("Location", ""))
        raise refused(self._judge.check(url).hostname or "", "too many redirects")

    def _origin(self, url: str) -> tuple[str, str, int | None]:
        parts = self._judge.check(url)
        return parts.scheme, (parts.hostname or "").lower(), parts.port

    async def send(
        self,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        most_bytes: int = _MOST_BYTES,
    ) -> EgressResponse:
        """POST `body`, or GET where it is None; returns when the headers of the answer are in.

        Headers may carry a credential, so a redirect is an error. A kept connection that the other side closed
        meanwhile is replaced once. Cancelling the call closes its connection. Raises `egress_refused`, `EgressError`.
        """
        self.check(url, with_credential=True)
        for _ in range(2):
            trace = SimpleNamespace(reused=False)
            try:
                return await self._exchange(url, body, headers, trace, most_bytes)
            except aiohttp.ServerDisconnectedError as error:
                if not trace.reused:
                    raise EgressError("the connection was closed before an answer came") from error
            except EgressError:
                raise
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                raise EgressError(_reason(error)) from error
        raise EgressError("the connection was closed before an answer came")

    async def _exchange(
        self,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        trace: SimpleNamespace,
        most_bytes: int,
    ) -> EgressResponse:
        response = await self._opened().request(
            "GET" if body is None else "POST",
            url,
            data=body,
            headers=headers,
            allow_redirects=False,
            timeout=_SEND_TIMEOUT,
            trace_request_ctx=trace,
        )
        if response.status in _REDIRECTS:
            response.close()
            raise EgressError("it answered with a redirect, and no credential follows one")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            response.close()
            raise EgressError("its answer is compressed, which was not asked for")
        return EgressResponse(response, most_bytes)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=self._judge,
                use_dns_cache=False,
                limit=0,
                keepalive_timeout=_KEPT_S,
                socket_factory=self._judge.socket,
            )
            tracing = aiohttp.TraceConfig()
            tracing.on_connection_reuseconn.append(_note_reuse)
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=_FETCH_TIMEOUT,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                headers={"User-Agent": "jixi", "Accept-Encoding": "identity"},
                trace_configs=[tracing],
            )
        return self._session


async def body_of(response: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    """The body; raises `EgressError` where it is longer than that."""
    body = bytearray()
    async for data in response.content.iter_any():
        body += data
        if len(body) > most_bytes:
            raise EgressError("the answer is too large", too_large=True)
    return bytes(body)


async def _note_reuse(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: Any) -> None:
    if context.trace_request_ctx is not None:
        context.trace_request_ctx.reused = True


def _reason(error: BaseException) -> str:
    """Why, without an address: people who may not know it read this."""
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return "its certificate is not valid"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name cannot be resolved"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "it cannot be reached"
    return "the connection broke off"
