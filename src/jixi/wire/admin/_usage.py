"""Usage and charges: what was called and what it cost."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from jixi.core.ports import Outcome, Tier
from jixi.core.principal import Scope
from jixi.core.resources import Resource
from jixi.wire.admin._base import Currency, Listing, Response

UsageGroup = Literal["day", "model", "key", "member"]


class UsageTotals(Response):
    """Exact sums over charges; money in micro-units (millionths) of the currency."""

    calls: int
    failed: int
    input_tokens: int
    cached_input_tokens: int = Field(description="Those of the input tokens that a prompt cache served.")
    output_tokens: int
    seconds: int = Field(description="Of audio that was transcribed.")
    characters: int = Field(description="That were read out.")
    images: int = Field(description="That were made.")
    cost_micros: int


class UsageRow(UsageTotals):
    """One group. The fields that the grouping does not name are null."""

    day: date | None
    model: str | None
    key_id: str | None
    member_id: str | None


class ResourceUsage(Response):
    """What was taken of a resource at one price. `quantity` / `per_unit` are the hours of accelerators or CPUs, or the
    days of GB (10^9 bytes); the cost of each thing and hour is rounded up to a whole micro-unit.
    """

    day: date | None = Field(description="Null where days are not asked for.")
    kind: Literal["compute", "storage"]
    resource: Resource
    subject: str = Field(description='The model of accelerator, "cpu" or "storage".')
    name: str = Field(description="The deployment, or what is kept: files, responses, models.")
    quantity: int = Field(
        description="Thousandths of an accelerator, CPU or GB, times milliseconds; sums are exact."
    )
    per_unit: int = Field(description="How much of the quantity is one unit.")
    price_version: int = Field(description="0 where nobody had said a price.")
    price_micros: int = Field(description="For one unit.")
    cost_micros: int


class UsageReport(Response):
    """Usage from `start` up to but not including `end`, by the groups asked for."""

    rows: list[UsageRow]
    totals: UsageTotals
    resources: list[ResourceUsage] = Field(
        description="Of the organisation as a whole: empty where a model, key, member or batch is asked for."
    )
    compute_micros: int
    storage_micros: int
    total_micros: int = Field(description="Calls, compute and storage together.")
    currency: Currency
    start: datetime
    end: datetime


class Charge(Response):
    """One call that the ledger has settled; a failed call is a charge too."""

    request_id: str
    key_id: str | None = Field(description="Null for a call from the console.")
    member_id: str
    model: str
    kind: Scope
    opened_at: datetime
    charged_at: datetime
    outcome: Outcome
    error_code: str | None
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    estimated: bool = Field(description="True where the engine sent no usage and Jixi counted itself.")
    price_version: int
    cost_micros: int
    currency: Currency
    first_token_ms: int | None
    duration_ms: int
    stream: bool
    tier: Tier
    target: str | None = Field(description="Who answered, where the model is a name for others.")
    replayed: bool = Field(description="True where the response cache gave the answer again.")
    units: int = Field(description="Seconds of audio, characters or images, by the kind of call; else 0.")


class ChargeList(Listing):
    items: list[Charge]
