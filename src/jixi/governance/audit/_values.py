"""The values of the trace store."""

from datetime import datetime
from typing import Literal, NamedTuple

from jixi.core.ports import Outcome
from jixi.core.trace import Attempt, Dialect, Mark, Sought

Content = Literal["off", "redacted", "full"]
"""What of the words of a call is kept."""


class Keeping(NamedTuple):
    """How much is kept: traces of each tenant, days, traces a second of each process, and what was said."""

    traces: int = 100_000
    days: int = 30
    per_second: int = 100
    content: Content = "off"
    content_days: int = 7


class TraceSelection(NamedTuple):
    """Which traces: of one tenant, and what else must agree; `start` <= began_at < `end`."""

    tenant_id: str
    member_id: str | None = None
    model: str | None = None
    key_id: str | None = None
    outcome: Sought | None = None
    dialect: Dialect | None = None
    request_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None


class Trace(NamedTuple):
    """A call as it was kept. `request` and `answer` are JSON, None where they were not kept or are gone."""

    tenant_id: str
    request_id: str
    key_id: str | None
    member_id: str
    model: str
    target: str | None
    kind: str
    dialect: Dialect
    stream: bool
    began_at: datetime
    outcome: Outcome
    error_code: str | None
    replayed: bool
    marks: dict[Mark, float]
    attempts: list[Attempt]
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    estimated: bool
    cost_micros: int
    currency: str
    request: str | None = None
    answer: str | None = None
