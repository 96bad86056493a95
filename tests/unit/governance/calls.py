"""Calls to make of a ledger."""

import itertools

from jixi.core.ports import Reservation
from jixi.core.principal import Principal, Role, Scope

_NUMBERS = itertools.count()
CALLER = Principal(tenant_id="ten_a", member_id="mem_a", role=Role.DEVELOPER, key_id="key_a")


def a_call(
    principal: Principal = CALLER, *, max_input: int = 100, max_output: int = 100, request_id: str = ""
) -> Reservation:
    """A call of at most 100 tokens in and 100 out: 300 micro-units at the price of these tests."""
    return Reservation(
        request_id=request_id or f"req_{next(_NUMBERS)}",
        principal=principal,
        model="m",
        kind=Scope.CHAT,
        max_input_tokens=max_input,
        max_output_tokens=max_output,
        stream=False,
    )
