"""The values that the ledger answers with."""

from datetime import datetime
from typing import Final, Literal, NamedTuple

from jixi.core.ports import Outcome

Group = Literal["day", "model", "key", "member"]
GROUPS: Final[tuple[Group, ...]] = ("day", "model", "key", "member")


class Selection(NamedTuple):
    """Which charges: `start` <= charged_at < `end`, and what else must agree."""

    tenant_id: str
    start: datetime
    end: datetime
    model: str | None = None
    key_id: str | None = None
    member_id: str | None = None
    outcome: Outcome | None = None


class Totals(NamedTuple):
    """Exact sums over charges; tokens and micro-units."""

    calls: int = 0
    failed: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    cost_micros: int = 0


class Row(NamedTuple):
    """The sums of one group; the fields that the grouping does not name are None."""

    day: str | None
    model: str | None
    key_id: str | None
    member_id: str | None
    totals: Totals


class Charge(NamedTuple):
    """One call that was settled."""

    request_id: str
    key_id: str | None
    member_id: str
    model: str
    kind: str
    opened_at: datetime
    charged_at: datetime
    outcome: Outcome
    error_code: str | None
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    estimated: bool
    price_version: int
    cost_micros: int
    currency: str
    first_token_ms: int | None
    duration_ms: int
    stream: bool


class Minute(NamedTuple):
    """One minute of a tenant's traffic."""

    at: datetime
    requests: int = 0
    errors: int = 0
    output_tokens: int = 0
    cost_micros: int = 0


BudgetScope = Literal["tenant", "key"]


class Budget(NamedTuple):
    """A monthly limit (None: no limit) and how much of this month's is gone, in micro-units."""

    scope_id: str
    scope: BudgetScope
    tenant_id: str
    limit_micros: int | None
    spent_micros: int
    held_micros: int
    month: str
    version: int
