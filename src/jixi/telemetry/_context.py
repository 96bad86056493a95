"""W3C Trace Context: a call's place among the traces of its caller, and among those of the engine it is sent on to."""

import re
from hashlib import blake2b
from typing import Final, NamedTuple

from jixi.core.trace import TraceContext

_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
)
_SAMPLED: Final = 1


class Contexts:
    """Makes the context of each call. Where spans are exported, what goes on names the call's own span."""

    def __init__(self, *, traced: bool) -> None:
        self._traced = traced

    def enter(self, traceparent: str | None, request_id: str) -> TraceContext | None:
        """The context of a call with this header; None where there is nothing to pass on."""
        came = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
        caller = came.group() if came is not None else None
        if self._traced:
            place = place_of(request_id, TraceContext(caller, ""))
            flags = came["flags"] if came is not None else "01"
            return TraceContext(caller, f"00-{place.trace_id:032x}-{place.span_id:016x}-{flags}")
        return None if caller is None else TraceContext(caller, caller)


class Place(NamedTuple):
    """Where a call's own span stands. `parent_id` is its caller's."""

    trace_id: int
    span_id: int
    parent_id: int | None
    sampled: bool


def place_of(request_id: str, context: TraceContext | None) -> Place:
    """The call's place: in its caller's trace where there is one, and the same whoever works it out."""
    digest = blake2b(request_id.encode(), digest_size=24).digest()
    span_id = int.from_bytes(digest[16:])
    came = _TRACEPARENT.fullmatch(context.caller) if context is not None and context.caller else None
    if came is None:
        return Place(int.from_bytes(digest[:16]), span_id, None, sampled=True)
    sampled = bool(int(came["flags"], 16) & _SAMPLED)
    return Place(int(came["trace"], 16), span_id, int(came["span"], 16), sampled)


def part_id(request_id: str, part: str) -> int:
    """The id of a span within a call."""
    return int.from_bytes(blake2b(f"{request_id}/{part}".encode(), digest_size=8).digest())
