"""API keys: what programs call with."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from jixi.core.principal import Scope
from jixi.wire.admin._base import Instant, Listing, Micros, ModelName, Name, Request, Response

Scopes = Annotated[list[Scope], Field(min_length=1, max_length=16)]
Models = Annotated[list[ModelName], Field(min_length=1, max_length=100)]


class Key(Response):
    """An API key without its secret; `hint` is the little of it that may be shown."""

    id: str = Field(examples=["key_01k9yq3v8m4t6n2c5b7d9f1h3j"])
    tenant_id: str
    member_id: str
    name: str
    hint: str = Field(examples=["sk-jixi-…x7Qp"])
    scopes: list[Scope]
    models: list[str] | None = Field(description="The models it may use; null means every model.")
    status: Literal["active", "expired", "revoked"]
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime
    monthly_limit_micros: int | None
    version: int


class KeyList(Listing):
    items: list[Key]


class KeyRequest(Request):
    """A new key. Nobody can give a key more than they may do themselves."""

    name: Name = Field(examples=["Search service"])
    scopes: Scopes = Field(examples=[["chat", "embeddings"]])
    models: Models | None = Field(default=None, description="The models it may use; null means every model.")
    expires_at: Instant | None = Field(default=None, description="When it ends; null means never.")
    monthly_limit_micros: Micros | None = Field(
        default=None,
        description="The most that it may spend in a month; null means no such limit of its own.",
    )


class NewKey(Response):
    """The key and its secret. The secret is shown here once and is stored nowhere."""

    key: Key
    secret: str = Field(examples=["sk-jixi-…"])


class KeyChange(Request):
    """What is to change; fields that are left out stay, a null limit is lifted."""

    name: Name | None = None
    scopes: Scopes | None = None
    models: Models | None = None
    expires_at: Instant | None = None
    monthly_limit_micros: Micros | None = None
