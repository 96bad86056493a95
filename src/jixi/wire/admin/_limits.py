"""Limits: what a tenant, a member, a key, or the tenant's use of a model may use."""

from typing import Literal

from pydantic import Field

from jixi.wire.admin._base import Count, Currency, Listing, Micros, Request, Response


class LimitUse(Response):
    """How much of its limits a scope uses now. Days and months are calendar days and months in UTC."""

    requests_minute: int = Field(
        description="What the limit of requests still counts; 0 where there is none."
    )
    tokens_minute: int = Field(description="What the limit of tokens still counts, calls that run included.")
    running: int
    daily_micros: int
    daily_held_micros: int = Field(description="Set aside for calls that run.")
    monthly_micros: int
    monthly_held_micros: int


class Limit(Response):
    """The limits of one scope, null where there is none, and what is used of them."""

    scope_id: str = Field(
        description="The id of a tenant, member or key, or `model:` with the name of a model.",
        examples=["key_01k9yq3v8m4t6n2c5b7d9f1h3j", "model:qwen2.5-coder-0.5b-instruct"],
    )
    scope: Literal["tenant", "member", "key", "model"]
    name: str
    requests_per_minute: int | None
    tokens_per_minute: int | None
    concurrency: int | None
    daily_micros: int | None
    monthly_micros: int | None
    used: LimitUse
    currency: Currency
    version: int


class LimitList(Listing):
    items: list[Limit]


class LimitChange(Request):
    """All limits of a scope; null means none."""

    requests_per_minute: Count | None = Field(examples=[600])
    tokens_per_minute: Count | None = Field(
        description="Counts input and output; before a call the most that it can use.", examples=[200_000]
    )
    concurrency: Count | None = Field(description="Calls at once.", examples=[8])
    daily_micros: Micros | None = Field(examples=[5_000_000])
    monthly_micros: Micros | None = Field(examples=[100_000_000])
