"""The headers of a request by their names, read once: many look there."""

from collections.abc import Mapping
from typing import Any, Final

_HEADERS: Final = "jixi.headers"

Sent = Mapping[bytes, bytes | None]


def headers_of(scope: Mapping[str, Any]) -> Sent:
    """Every header once, its name in lower case; None for one that was sent more than once."""
    try:
        return scope[_HEADERS]
    except KeyError:
        return _read(scope)


def _read(scope: Mapping[str, Any]) -> Sent:
    sent: list[tuple[bytes, bytes]] = scope["headers"]
    found: dict[bytes, bytes | None] = dict(sent)
    if len(found) != len(sent):
        names = [name for name, _ in sent]
        found.update({name: None for name in names if names.count(name) > 1})
    if isinstance(scope, dict):
        scope[_HEADERS] = found
    return found
