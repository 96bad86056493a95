"""The values that the ledger answers with."""

from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple

from jixi.core.money import Price
from jixi.core.ports import Outcome, Tier
from jixi.core.resources import Resource

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
Group = Literal["day", "model", "key", "member"]
GROUPS: Final[tuple[Group, ...]] = ("day", "model", "key", "member")


class Selection(NamedTuple):
    """Which charges: `start` <= charged_at < `end`, and what else must agree. `batch` is the id of one."""

    tenant_id: str
    start: datetime
    end: datetime
    model: str | None = None
    key_id: str | None = None
    member_id: str | None = None
    outcome: Outcome | None = None
    batch: str | None = None


class Totals(NamedTuple):
    """Exact sums over charges; tokens, units of the kinds that have no tokens, and micro-units."""

    calls: int = 0
    failed: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    seconds: int = 0
    characters: int = 0
    images: int = 0
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
    tier: Tier
    target: str | None
    replayed: bool
    units: int


class PriceEntry(NamedTuple):
    """A price, since when it is valid, and who set it (None: the price that a deployment started with)."""

    price: Price
    valid_from: datetime
    member_id: str | None


class ResourcePrice(NamedTuple):
    """What one accelerator-hour, CPU-hour or GB-day costs. `subject` is a chip's model; "" is every other one."""

    version: int
    resource: Resource
    subject: str
    currency: str
    micros: int
    valid_from: datetime
    member_id: str | None


class ResourceRow(NamedTuple):
    """What a tenant took of a resource at one price; version 0 is where nobody had said one.

    `quantity` is thousandths of an accelerator, CPU or GB, times milliseconds: see `PER_UNIT`.
    """

    day: str | None
    resource: Resource
    subject: str
    name: str
    price_version: int
    price_micros: int
    quantity: int
    cost_micros: int


def milliseconds(at: datetime) -> int:
    """Since 1970, exactly, rounded down."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


class Minute(NamedTuple):
    """One minute of a tenant's traffic."""

    at: datetime
    requests: int = 0
    errors: int = 0
    output_tokens: int = 0
    cost_micros: int = 0


class Use(NamedTuple):
    """What one model was asked to write: the calls that an engine answered, sums of their tokens, and their peaks.

    `target` is who answered most of them, where the model is a name for others; `peak_minute` counts the calls that
    came in the busiest minute, `peak_running` those that were on the way at once. `cost_micros` is of all calls.
    """

    model: str
    target: str | None
    calls: int
    members: int
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    cost_micros: int
    first_at: datetime
    peak_minute: int
    peak_running: int


LimitScope = Literal["tenant", "member", "key", "model"]
MODEL: Final = "model:"
"""Before the name of a model: the id of a tenant's use of it."""
_SCOPES: Final[dict[str, LimitScope]] = {"ten": "tenant", "mem": "member", "key": "key"}


def scope_of(scope_id: str) -> LimitScope:
    """What kind of scope an id names."""
    return "model" if scope_id.startswith(MODEL) else _SCOPES[scope_id.partition("_")[0]]


class LimitValues(NamedTuple):
    """What a scope may use; None means no limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None
    daily_micros: int | None = None
    monthly_micros: int | None = None


class Used(NamedTuple):
    """How much of its limits a scope uses now. Requests and tokens are those that a limit a minute still counts."""

    requests_minute: int = 0
    tokens_minute: int = 0
    running: int = 0
    daily_micros: int = 0
    daily_held_micros: int = 0
    monthly_micros: int = 0
    monthly_held_micros: int = 0


class Limit(NamedTuple):
    """The limits of one scope and what is used of them. `version` is 0 where none was ever set.

    `scope_id` is the id of a tenant, member or key, or `model:` with the name of a model.
    """

    scope_id: str
    scope: LimitScope
    values: LimitValues
    used: Used
    version: int
