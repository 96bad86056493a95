"""Answers of /v1, whole ones: JSON, and problems in the form that OpenAI's clients read."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.types import Receive, Scope, Send

from jixi.core.errors import JixiError
from jixi.models.gateway import openai_error
from jixi.server._scope import language_of

_JSON: Final = b"application/json"
_POINTLESS_TO_RETRY: Final = frozenset({"budget_exceeded", "price_unknown", "duplicate_request"})
_WAIT_S: Final = 5


class Answer:
    """A whole answer, as an ASGI app."""

    def __init__(self, status: int, body: bytes, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        self._status = status
        self._body = body
        self._headers = headers or []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [
            (b"content-type", _JSON),
            (b"content-length", str(len(self._body)).encode()),
            *self._headers,
        ]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": self._body})


def json_answer(value: Any) -> Answer:
    return Answer(200, msgspec.json.encode(value))


def openai_response(scope: Mapping[str, Any], error: JixiError, *extra: tuple[bytes, bytes]) -> Answer:
    """The answer for `error` in the reader's language, with the headers that steer a client's retries."""
    language = language_of(scope)
    headers = [(b"content-language", language.encode()), (b"cache-control", b"no-store"), *extra]
    if error.code in _POINTLESS_TO_RETRY:
        headers.append((b"x-should-retry", b"false"))
    elif error.problem.status in (429, 503):
        headers.append((b"retry-after", str(error.retry_after or _WAIT_S).encode()))
    if error.problem.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="jixi"'))
    return Answer(error.problem.status, msgspec.json.encode(openai_error(error, language)), headers)
