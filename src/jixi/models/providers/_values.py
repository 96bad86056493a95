"""Providers as those who manage them see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from jixi.core.errors import JixiError
from jixi.core.principal import Scope
from jixi.models.providers._health import State

KEEP: Final[Any] = object()
"""Says of a field that it is not to change."""

OnDisconnect = Literal["cancel", "drain"]
"""What becomes of an answer whose caller has left: stopped, or read to its end because the vendor charges for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderModel:
    """A model that a provider serves: `name` is public, `upstream` is the vendor's. Sizes are in tokens."""

    name: str
    upstream: str
    kinds: frozenset[Scope]
    context: int
    max_output: int | None = None
    tools: bool = True
    vision: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A provider to be added. Without a base URL it is the vendor's own."""

    name: str
    vendor: str
    models: Sequence[ProviderModel]
    base_url: str | None = None
    api_version: str | None = None
    credential: str | None = None
    enabled: bool = True
    max_parallel: int = 16
    on_disconnect: OnDisconnect = "cancel"


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """A provider without its credential; `credential_hint` are the last few characters of it."""

    id: str
    name: str
    vendor: str
    base_url: str
    api_version: str | None
    credential_hint: str | None
    enabled: bool
    models: tuple[ProviderModel, ...]
    max_parallel: int
    on_disconnect: OnDisconnect
    state: State
    reason: JixiError | None
    checked_at: datetime | None
    created_at: datetime
    version: int


class Check(NamedTuple):
    """What a check found. `models` are the vendor's names, as far as it lists them."""

    ok: bool
    latency_ms: int
    models: list[str]
    error: JixiError | None
