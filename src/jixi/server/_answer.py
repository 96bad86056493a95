"""What the endpoints of /v1 share: a raw body in, a whole answer or a stream out, as plain ASGI."""

from collections.abc import AsyncIterator, Awaitable
from typing import Any, Final

import msgspec
from starlette.types import Message, Receive, Scope, Send

from jixi.core.errors import JixiError, Language
from jixi.server.http import WHOLE, Headers

_JSON: Final = b"application/json"
_STREAM_HEADERS: Final = [(b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]
_POINTLESS_TO_RETRY: Final = frozenset(
    {
        "budget_exceeded",
        "token_limit_too_low",
        "price_unknown",
        "provider_credential_refused",
        "provider_quota_exhausted",
    }
)
_BUSY: Final = frozenset({429, 503, 529})
_WAIT_S: Final = 5


class Answer:
    """A whole answer, as an ASGI app."""

    def __init__(self, status: int, body: bytes, headers: Headers = (), content_type: bytes = _JSON) -> None:
        self._type = content_type
        self._status = status
        self._body = body
        self._headers = headers

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        headers = [
            (b"content-type", self._type),
            (b"content-length", b"%d" % len(self._body)),
            *self._headers,
        ]
        start = {"type": "http.response.start", "status": self._status, "headers": headers}
        if scope.get(WHOLE):
            return send({**start, "type": WHOLE, "body": self._body})
        return self._in_parts(start, send)

    async def _in_parts(self, start: Message, send: Send) -> None:
        await send(start)
        await send({"type": "http.response.body", "body": self._body})


def json_answer(value: Any, headers: Headers = ()) -> Answer:
    return Answer(200, msgspec.json.encode(value), headers)


def refusal_headers(error: JixiError, status: int, language: Language) -> list[tuple[bytes, bytes]]:
    """The headers of a problem, among them those that steer a client's retries."""
    headers = [(b"content-language", language.encode()), (b"cache-control", b"no-store")]
    if error.code in _POINTLESS_TO_RETRY:
        headers.append((b"x-should-retry", b"false"))
    elif status in _BUSY or error.retry_after is not None:
        headers.append((b"retry-after", str(error.retry_after or _WAIT_S).encode()))
    if status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="jixi"'))
    return headers


async def read_body(receive: Receive) -> bytes | None:
    """The whole body; None where the caller left before it was sent. Its size is bounded by the border."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        return message.get("body", b"")
    parts: list[bytes] = []
    while message["type"] == "http.request":
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()
    return None


async def send_stream(
    blocks: AsyncIterator[bytes], send: Send, *, content_type: str, status: int = 200, headers: Headers = ()
) -> None:
    """Send `blocks` as they come. Where one that has no place for an error raises, the answer stays without an end:
    the server breaks the connection off, so that what arrived does not look complete.
    """
    start = [(b"content-type", content_type.encode()), *_STREAM_HEADERS, *headers]
    await send({"type": "http.response.start", "status": status, "headers": start})
    message: Message
    try:
        async for block in blocks:
            message = {"type": "http.response.body", "body": block, "more_body": True}
            await send(message)
    except JixiError:
        return
    await send({"type": "http.response.body", "body": b"", "more_body": False})
