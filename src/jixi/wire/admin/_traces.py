"""Traces: what became of each call, and when."""

from datetime import datetime
from typing import Any

from pydantic import Field

from jixi.core.ports import Outcome
from jixi.core.principal import Scope
from jixi.core.trace import Dialect, Mark
from jixi.wire.admin._base import Listing, Response
from jixi.wire.admin._models import Reason


class Attempt(Response):
    """One request to one target. Times are milliseconds since the call began."""

    target: str
    started_ms: float
    first_token_ms: float | None
    ended_ms: float | None
    status: int | None = Field(description="Null where no answer came.")
    error_code: str | None


class TraceSummary(Response):
    """A call from its arrival to its charge."""

    request_id: str
    model: str = Field(description="The name that was asked for.")
    target: str | None = Field(description="The deployment or the provider's model that answered.")
    kind: Scope
    dialect: Dialect
    stream: bool
    began_at: datetime
    outcome: Outcome
    error_code: str | None
    replayed: bool = Field(description="True where the response cache answered.")
    marks: dict[Mark, float] = Field(
        description="Milliseconds since `began_at`; a place that the call did not reach is missing."
    )
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    estimated: bool = Field(description="True where no usage was sent and Jixi counted itself.")
    cost_micros: int
    currency: str
    key_id: str | None = Field(description="Null for a call from the console.")
    member_id: str


class Trace(TraceSummary):
    """A call with its attempts and, where the settings keep them and the caller may see them, its words."""

    attempts: list[Attempt]
    error: Reason | None = Field(description="What `error_code` means, without the facts of the call.")
    request: Any = Field(description="The request as JSON; null where it was not kept.")
    answer: Any = Field(description="The answer as JSON; null where it was not kept.")


class TraceList(Listing):
    items: list[TraceSummary]
