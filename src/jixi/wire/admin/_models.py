"""Models of the store, and how they come here."""

from datetime import date
from typing import Final, Literal

from pydantic import Field

from jixi.core.principal import Scope
from jixi.wire.admin._base import Listing, Request, Response

HereState = Literal["available", "downloading", "downloaded", "failed", "outside"]
VARIANT: Final = r"^[a-z0-9][a-z0-9.-]{0,59}$"


class Model(Response):
    """A model of the store and whether it is on this machine."""

    id: str = Field(examples=["qwen2.5-coder-0.5b-instruct"])
    name: str
    publisher: str
    family: str = Field(examples=["Qwen2.5"])
    origin: Literal["catalogue", "house", "tenant"] = Field(description="Who says so.")
    access: Literal["open", "closed"] = Field(description="Closed models are called at a vendor.")
    description: str
    tasks: list[str] = Field(examples=[["chat", "code"]])
    kinds: list[Scope]
    languages: list[str]
    level: Literal["L0", "L1", "L2"] = Field(description="Foundation, industry, scenario.")
    released: date | None
    license: str = Field(examples=["Apache-2.0"])
    license_class: Literal["research", "commercial"] = Field(
        description="Of one's own: the strictest of the released versions or, before there is one, of all."
    )
    parameters: str = Field(examples=["494M"], description="For people; empty where unknown.")
    total_parameters: int | None
    active_parameters: int | None = Field(description="That one token passes, in a mixture of experts.")
    size_bytes: int | None = Field(description="Of the default variant.")
    size_estimated: bool
    formats: list[str]
    engines: list[str]
    base: str | None = Field(description="What it was made from.")
    context: int | None = Field(description="Tokens that the model was made for.")
    source: str | None = Field(description="Where its file is coming from, while it is fetched.")
    state: HereState = Field(description="Of the variant that is nearest to being here.")
    downloaded_bytes: int = Field(description="Of that variant.")
    weak: bool = Field(description="A stand-in: it answers, but not well.")
    deployed_as: list[str]


class ModelList(Listing):
    items: list[Model]


class DownloadRequest(Request):
    """Which variant of the model; by default the first of the catalogue."""

    variant: str | None = Field(default=None, pattern=VARIANT, examples=["q4-k-m"])


class Reason(Response):
    """Why something is as it is, with what to do, in the reader's language."""

    code: str
    message: str
    remedy: str | None
