"""Aliases, and where calls go at this moment."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from jixi.wire.admin._base import Listing, ModelName, Percent, Request, Response, whole

FailureClass = Literal["error", "timeout", "overloaded", "context_length"]
_Weight = Annotated[int, Field(strict=True, ge=0, le=1000), BeforeValidator(whole)]
_Retries = Annotated[int, Field(strict=True, ge=0, le=3), BeforeValidator(whole)]
_CacheSeconds = Annotated[int, Field(strict=True, ge=1, le=604_800), BeforeValidator(whole)]
_HedgeMs = Annotated[int, Field(strict=True, ge=10, le=600_000), BeforeValidator(whole)]
_FirstTokenS = Annotated[int, Field(strict=True, ge=1, le=3600), BeforeValidator(whole)]
_Text = Annotated[str, StringConstraints(strict=True, max_length=500)]


class AliasTarget(Request):
    """A deployment or a provider's model, and how many parts of the calls it gets; 0 takes it out."""

    model: ModelName = Field(examples=["qwen2.5-coder-0.5b-instruct"])
    weight: _Weight = 1


class AliasCanary(Request):
    """A model that is tried out with a percentage of the calls, before the targets share the rest."""

    model: ModelName
    percent: Percent


class AliasFallback(Request):
    """A model that gets the calls which failed before their first content in one of these ways."""

    model: ModelName
    on: Annotated[list[FailureClass], Field(min_length=1, max_length=4)]


class Alias(Response):
    """A public name behind which other models answer."""

    id: str = Field(examples=["als_01m8b4b686ndqka1yz3ffh3ckp"])
    name: str = Field(examples=["chat"])
    description: str
    targets: list[AliasTarget]
    canary: AliasCanary | None
    fallbacks: list[AliasFallback]
    cache_ttl_s: int | None = Field(
        description="How long an answer is replayed to the same request; null: never."
    )
    retries: int = Field(description="Tries after the first, as long as there is no content.")
    hedge_after_ms: int | None = Field(
        description="Ask a second replica after so long without content; null: never."
    )
    first_token_s: int | None = Field(
        description="The time in which content must have come, whoever sends it."
    )
    enabled: bool
    created_at: datetime
    version: int


class AliasList(Listing):
    items: list[Alias]


class AliasRequest(Request):
    name: ModelName = Field(examples=["chat"])
    description: _Text = ""
    targets: Annotated[list[AliasTarget], Field(min_length=1, max_length=20)]
    canary: AliasCanary | None = None
    fallbacks: Annotated[list[AliasFallback], Field(max_length=20)] = Field(
        default_factory=list[AliasFallback]
    )
    cache_ttl_s: _CacheSeconds | None = None
    retries: _Retries = 2
    hedge_after_ms: _HedgeMs | None = None
    first_token_s: _FirstTokenS | None = None
    enabled: bool = Field(default=True, strict=True)


class AliasChange(Request):
    """What is not there stays as it is."""

    name: ModelName | None = None
    description: _Text | None = None
    targets: Annotated[list[AliasTarget], Field(min_length=1, max_length=20)] | None = None
    canary: AliasCanary | None = None
    fallbacks: Annotated[list[AliasFallback], Field(max_length=20)] | None = None
    cache_ttl_s: _CacheSeconds | None = None
    retries: _Retries | None = None
    hedge_after_ms: _HedgeMs | None = None
    first_token_s: _FirstTokenS | None = None
    enabled: Annotated[bool, Field(strict=True)] | None = None


class RouteTarget(Response):
    """A model behind an alias; the weight of a canary is its percentage."""

    model: str
    weight: int
    role: Literal["target", "canary", "fallback"]


class RouteReplica(Response):
    """A replica as the process that answers sees it."""

    id: str
    in_flight: int
    waiting: int = Field(description="Calls in the line before all replicas of the model, told of the first.")
    limit: int
    breaker: Literal["closed", "open", "half_open"]
    failures: int = Field(description="In a row.")
    paused_s: int = Field(
        description="Whole seconds until it may be asked again, where it asked for a pause; else 0."
    )
    first_token_ms: int | None = Field(description="A moving average.")
    tokens_per_second: float = Field(description="Over the last ten seconds.")


class Route(Response):
    """A public name, where it leads, and how that fares at this moment."""

    name: str
    kind: Literal["deployment", "provider", "alias"]
    source: str
    state: str
    targets: list[RouteTarget]
    replicas: list[RouteReplica]


class RouteList(Listing):
    items: list[Route]
