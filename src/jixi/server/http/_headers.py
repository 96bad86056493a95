"""The headers of a request by their names, read once: many look there."""

from collections.abc import Mapping
from typing import Any, Final

HEADERS: Final = "jixi.headers"
"""Where a scope has them, once somebody has looked."""

Sent = Mapping[bytes, bytes | None]


def headers_of(scope: Mapping[str, Any]) -> Sent:
    """Every header once, its name in lower case; None for one that was sent more than once."""
    if HEADERS in scope:
        return scope[HEADERS]
    sent: list[tuple[bytes, bytes]] = scope["headers"]
    found: dict[bytes, bytes | None] = dict(sent)
    if len(found) != len(sent):
        names = [name for name, _ in sent]
        found.update({name: None for name in names if names.count(name) > 1})
    if isinstance(scope, dict):
        scope[HEADERS] = found
    return found
