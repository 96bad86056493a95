"""Outside providers: whose models are served under public names."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from jixi.core.principal import Scope
from jixi.wire.admin._base import Listing, ModelName, Name, Request, Response, whole
from jixi.wire.admin._models import Reason
from jixi.wire.admin._money import PriceChange

_VISIBLE = r"^[!-~]+$"
Upstream = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=200, pattern=_VISIBLE),
    Field(description="What the vendor calls it; with Azure the deployment.", examples=["deepseek-chat"]),
]
BaseUrl = Annotated[
    str,
    StringConstraints(strict=True, max_length=500, pattern=r"^https?://[!-~]+$"),
    Field(examples=["https://api.deepseek.com"]),
]
ApiVersion = Annotated[str, StringConstraints(strict=True, max_length=40, pattern=r"^[A-Za-z0-9._-]+$")]
Credential = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=4096, pattern=_VISIBLE),
    Field(json_schema_extra={"format": "password", "writeOnly": True}),
]
Kinds = Annotated[list[Scope], Field(min_length=1, max_length=8)]
Tokens = Annotated[int, Field(strict=True, ge=1, le=100_000_000), BeforeValidator(whole)]
Parallel = Annotated[int, Field(strict=True, ge=1, le=10_000), BeforeValidator(whole)]
OnDisconnect = Annotated[
    Literal["cancel", "drain"],
    Field(
        description="Whether an answer whose caller has left is stopped, or read to its end and charged as such."
    ),
]


class Vendor(Response):
    """A family of APIs that Jixi speaks, and what it needs to be told."""

    id: str = Field(examples=["deepseek"])
    name: str = Field(examples=["DeepSeek"])
    default_base_url: str | None
    needs: list[Literal["credential", "base_url", "api_version"]]
    kinds: list[Scope]
    docs_hint: str


class VendorList(Listing):
    items: list[Vendor]


class ProviderModel(Response):
    """A model of a provider under its public name."""

    name: str
    upstream: str
    kinds: list[Scope]
    context: int
    max_output: int | None
    tools: bool
    vision: bool


class ProviderModelRequest(Request):
    """A model to serve. Without a price in the price book its calls are refused; `price` sets one."""

    name: ModelName = Field(description="The name that callers send; no other model may have it.")
    upstream: Upstream
    kinds: Kinds
    context: Tokens = Field(description="Tokens of one call, prompt and answer together.")
    max_output: Tokens | None = Field(default=None, description="Tokens of one answer at most.")
    tools: bool = Field(default=True, description="Whether it takes tools.")
    vision: bool = Field(default=False, description="Whether it takes images.")
    price: PriceChange | None = Field(default=None, description="A new version of its price.")


class Provider(Response):
    """A provider without its credential. Whoever may not manage providers sees the host of the base URL alone."""

    id: str = Field(examples=["prv_01k9yq3v8m4t6n2c5b7d9f1h3j"])
    name: str
    vendor: str
    base_url: str
    api_version: str | None
    credential_hint: str | None = Field(description="The last characters of the credential.")
    enabled: bool
    models: list[ProviderModel]
    max_parallel: int = Field(description="Calls at once to each of its models.")
    on_disconnect: OnDisconnect
    state: Literal["ready", "failing", "unchecked", "disabled"]
    reason: Reason | None
    checked_at: datetime | None
    created_at: datetime
    version: int


class ProviderList(Listing):
    items: list[Provider]


class ProviderRequest(Request):
    """A new provider. The credential is sealed at once and is never shown again."""

    name: Name = Field(examples=["DeepSeek"])
    vendor: Annotated[str, StringConstraints(strict=True, max_length=40, pattern=r"^[a-z0-9_-]+$")] = Field(
        examples=["deepseek"]
    )
    base_url: BaseUrl | None = Field(default=None, description="By default the vendor's own.")
    api_version: ApiVersion | None = None
    credential: Credential | None = None
    enabled: bool = True
    models: list[ProviderModelRequest] = Field(max_length=200)
    max_parallel: Parallel = 16
    on_disconnect: OnDisconnect = "cancel"


class ProviderChange(Request):
    """What is to change; fields that are left out stay. Another server needs the credential anew."""

    name: Name | None = None
    base_url: BaseUrl | None = None
    api_version: ApiVersion | None = None
    credential: Credential | None = None
    enabled: bool | None = None
    models: Annotated[list[ProviderModelRequest], Field(max_length=200)] | None = None
    max_parallel: Parallel | None = None
    on_disconnect: OnDisconnect | None = None


class ProviderCheck(Response):
    """What a provider answered just now."""

    ok: bool
    latency_ms: int
    models: list[str] = Field(description="The vendor's names of its models, where it lists them.")
    error: Reason | None
