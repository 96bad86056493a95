"""Traces of calls, as the gateway would write them."""

from datetime import UTC, datetime
from typing import Any

from jixi.core.principal import Principal, Role, Scope
from jixi.core.trace import Attempt, CallTrace
from jixi.core.usage import Usage

BEGAN = datetime(2026, 11, 23, 12, tzinfo=UTC)


def call(request_id: str = "req_1", tenant: str = "ten_a", **fields: Any) -> CallTrace:
    """A stream that went well: 10 tokens in, 21 out, 40 ms to the first token and 400 ms to the last."""
    good: dict[str, Any] = {
        "model": "m",
        "target": "m",
        "kind": Scope.CHAT,
        "stream": True,
        "began_at": BEGAN,
        "marks": {
            "authorised": 1.0,
            "reserved": 5.0,
            "queued": 5.5,
            "dispatched": 15.5,
            "first_token": 40.0,
            "last_token": 400.0,
            "settled": 405.0,
        },
        "attempts": [Attempt(target="m", started_ms=15.5, first_token_ms=40.0, ended_ms=400.0, status=200)],
        "usage": Usage(input_tokens=10, cached_input_tokens=4, output_tokens=21),
        "cost_micros": 31,
        "currency": "CNY",
    }
    caller = Principal(tenant_id=tenant, member_id="mem_a", role=Role.DEVELOPER, key_id="key_a")
    return CallTrace(request_id=request_id, principal=caller, **(good | fields))


def refused(code: str = "rate_limited", **fields: Any) -> CallTrace:
    """A call that was refused before it had any money."""
    return call(
        outcome="failed", error_code=code, marks={"authorised": 1.0}, attempts=[], usage=Usage(), **fields
    )
