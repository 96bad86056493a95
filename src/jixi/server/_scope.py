"""Reads what is needed from a raw ASGI scope; the Host header is checked before anything looks at an address."""

from collections.abc import Mapping
from typing import Any, Final

from jixi.core.errors import Language
from jixi.server.http import HEADERS, headers_of

REQUEST_ID: Final = "jixi.request_id"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def request_id_of(scope: Mapping[str, Any]) -> str:
    """The id that the border gave to this request."""
    return scope[REQUEST_ID]


def header(scope: Mapping[str, Any], name: bytes) -> str | None:
    """The value of a header (its name in lower case); None where it is absent or sent more than once."""
    value = (scope.get(HEADERS) or headers_of(scope)).get(name)
    return None if value is None else value.decode("latin-1")


def has_header(scope: Mapping[str, Any], name: bytes) -> bool:
    return name in (scope.get(HEADERS) or headers_of(scope))


def cookie(scope: Mapping[str, Any], name: str) -> str | None:
    """The value of a cookie; None where it is absent or sent more than once."""
    pairs = (part.strip().partition("=") for part in (header(scope, b"cookie") or "").split(";"))
    values = [value for key, _, value in pairs if key == name]
    return values[0] if len(values) == 1 else None


def language_of(scope: Mapping[str, Any]) -> Language:
    """The reader's language: the best of Accept-Language that we speak, English otherwise."""
    best: tuple[float, Language] = (0.0, "en")
    accepted = header(scope, b"accept-language")
    for part in accepted.split(",") if accepted else ():
        tag, _, parameters = part.strip().partition(";")
        weight = _weight(parameters)
        spoken = tag.strip().lower().partition("-")[0]
        if spoken in ("en", "zh") and weight > best[0]:
            best = (weight, "zh" if spoken == "zh" else "en")
    return best[1]


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def client_of(scope: Mapping[str, Any]) -> str:
    """The address that the request came from, as the server in front of us says."""
    client = scope.get("client")
    return client[0] if client else "unknown"
