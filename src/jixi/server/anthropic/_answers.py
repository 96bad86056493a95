"""Problems and headers in the form that Anthropic's clients read."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from jixi.core.errors import JixiError
from jixi.core.ports import Headers
from jixi.models.dialects import anthropic_error, anthropic_status
from jixi.server._answer import Answer, refusal_headers
from jixi.server._scope import has_header, language_of, request_id_of

MESSAGES: Final = "/v1/messages"
_LIMIT: Final = re.compile(rb"x-ratelimit-(limit|remaining|reset)-(requests|tokens)")
_DURATION: Final = re.compile(r"(?:(\d+)m(?!s))?(?:([\d.]+)s)?(?:(\d+)ms)?")


def speaks_anthropic(scope: Mapping[str, Any]) -> bool:
    """Whether the caller is to be answered in this dialect: by the address, else by the header that its SDKs send."""
    return scope["path"].startswith(MESSAGES) or has_header(scope, b"anthropic-version")


def anthropic_response(scope: Mapping[str, Any], error: JixiError, *extra: tuple[bytes, bytes]) -> Answer:
    """The answer for `error` in the reader's language."""
    language, status = language_of(scope), anthropic_status(error)
    headers = [*refusal_headers(error, status, language), *request_headers(scope), *extra]
    body = anthropic_error(error, language, request_id_of(scope))
    return Answer(status, msgspec.json.encode(body), headers)


def anthropic_event(scope: Mapping[str, Any], error: JixiError) -> bytes:
    """The last event of a stream that `error` cuts."""
    body = anthropic_error(error, language_of(scope), request_id_of(scope))
    return b"event: error\ndata: %b\n\n" % msgspec.json.encode(body)


def request_headers(scope: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    return [(b"request-id", request_id_of(scope).encode())]


def limit_headers(headers: Headers, now: datetime) -> list[tuple[bytes, bytes]]:
    """What OpenAI's headers say of rate limits, as Anthropic's do; other headers as they are."""
    told: list[tuple[bytes, bytes]] = []
    for name, value in headers:
        if found := _LIMIT.fullmatch(name):
            name = b"anthropic-ratelimit-%b-%b" % (found[2], found[1])  # noqa: PLW2901
            if found[1] == b"reset":
                value = _moment(value.decode(), now).encode()  # noqa: PLW2901
        told.append((name, value))
    return told


def _moment(duration: str, now: datetime) -> str:
    found = _DURATION.fullmatch(duration)
    minutes, seconds, milliseconds = found.groups() if found else (None, None, None)
    wait = timedelta(
        minutes=int(minutes or 0), seconds=float(seconds or 0), milliseconds=int(milliseconds or 0)
    )
    return (now + wait).strftime("%Y-%m-%dT%H:%M:%SZ")
