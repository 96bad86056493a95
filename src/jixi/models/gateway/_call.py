"""What a border hands over and gets back: `Call`, `Reply`, and the `Model` of a listing."""

from collections.abc import AsyncIterator
from typing import Protocol

from msgspec import Struct

from jixi.core.errors import JixiError, Language
from jixi.core.ports import Headers, Tier
from jixi.core.principal import Principal, Scope
from jixi.core.trace import Dialect
from jixi.models.engines import Upload
from jixi.models.gateway._ports import Teller
from jixi.models.gateway._requests import JSON


class Call(Struct, frozen=True, kw_only=True):
    """A call as a border hands it over: who, what for, and the body as it came; `audio` is a file beside the body.

    `dialect` is what the caller speaks; the body is in OpenAI's form whatever it is, and `teller` tells the answer in
    the caller's where that is another.
    """

    principal: Principal
    kind: Scope
    body: bytes
    request_id: str
    language: Language = "en"
    tier: Tier = "standard"
    dialect: Dialect = "openai"
    teller: Teller | None = None
    audio: Upload | None = None


class ByteStream(Protocol):
    """A stream that must be closed, wherever one stops reading it; closing again changes nothing."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def __anext__(self) -> bytes: ...

    async def aclose(self) -> None: ...

    def break_off(self, error: JixiError) -> None:
        """Close it as failed: what it said cannot be told to its caller."""
        ...


class Reply(Struct, frozen=True, kw_only=True):
    """Either a `body` or a `stream`. `headers` are those that a border adds to its own, names in lower case."""

    status: int = 200
    content_type: str = JSON
    body: bytes | None = None
    stream: ByteStream | None = None
    headers: Headers = ()


class Model(Struct, frozen=True, kw_only=True):
    """A model in the form of OpenAI's listing, with what else a caller wants to know before a call."""

    id: str
    object: str = "model"
    created: int
    owned_by: str = "jixi"
    kinds: list[Scope]
    context: int
    state: str
