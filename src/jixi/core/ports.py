"""The two ports through which the storeys meet governance without importing it."""

from datetime import datetime
from typing import Literal, Protocol

import msgspec

from jixi.core.money import Price
from jixi.core.principal import Principal, Scope
from jixi.core.usage import Usage

Outcome = Literal["ok", "failed", "cancelled", "interrupted"]


class Gate(Protocol):
    """May this principal do this? Answers from memory, never waits."""

    def authorise(self, principal: Principal, scope: Scope, model: str) -> None:
        """Raise `scope_missing`, `role_forbidden` or `model_not_allowed`; return where the call is allowed."""
        ...


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """What a call may cost at most, asked for before an engine hears of it."""

    request_id: str
    principal: Principal
    model: str
    kind: Scope
    max_input_tokens: int
    max_output_tokens: int
    stream: bool


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Money set aside for one call, durable. It ends in exactly one settlement, by the caller or by recovery."""

    reservation: Reservation
    price: Price
    amount_micros: int
    month: str
    opened_at: datetime


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """How a call ended. `usage` is what was produced, whatever the outcome; times are milliseconds."""

    outcome: Outcome
    usage: Usage
    error_code: str | None = None
    first_token_ms: int | None = None
    duration_ms: int = 0


class Meter(Protocol):
    """The ledger's two verbs. Both return after the database has made the change durable."""

    async def reserve(self, reservation: Reservation) -> Hold:
        """Hold the worst case in one conditional change.

        Raises `budget_exceeded` (nothing held), `price_unknown`, `duplicate_request`, `ledger_unavailable`.
        """
        ...

    async def settle(self, hold: Hold, settlement: Settlement) -> int:
        """Turn the hold into a charge and return its micro-units; a repeated settle changes nothing."""
        ...

    def progress(self, hold: Hold, usage: Usage) -> None:
        """Note what a running call has produced so far, so that a crash bills it; cheap, and renews the lease."""
        ...
