"""The house as a whole: health, about, overview."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from jixi.wire.admin._base import Currency, Response
from jixi.wire.admin._deployments import Deployment
from jixi.wire.admin._limits import Limit
from jixi.wire.admin._models import Reason

NextStep = Literal[
    "create_key",
    "set_limit",
    "invite_member",
    "model_downloading",
    "model_failed",
    "provider_failing",
    "add_provider",
    "first_call",
]


class Health(Response):
    """The server answers. Whether a model does is said by the deployments."""

    status: Literal["ok"]
    version: str


class Notice(Response):
    """Something that everyone should know, in the reader's language."""

    code: str
    level: Literal["info", "warning", "error"]
    message: str


class About(Response):
    version: str
    data_dir: str | None = Field(description="For administrators; null for others.")
    currency: Currency
    starter: str
    notices: list[Notice]


class Point(Response):
    """One minute of the last hour."""

    at: datetime
    requests: int
    output_tokens: int
    errors: int
    cost_micros: int


class RecentError(Response):
    request_id: str
    at: datetime
    model: str
    code: str
    message: str
    remedy: str | None


class OutsideProvider(Response):
    """A provider as it fares now; what it is to be is under /api/providers."""

    id: str
    name: str
    state: Literal["ready", "failing", "unchecked", "disabled"]
    reason: Reason | None
    models: int
    in_flight: int
    tokens_per_second: float


class Overview(Response):
    """What runs, how fast, what it costs, what went wrong, and what to do next.

    Roles that may not read the tenant's usage see their own calls alone.
    """

    deployments: list[Deployment]
    outside: list[OutsideProvider] = Field(description="Providers, newest first.")
    tokens_per_second: float = Field(description="Of deployments and providers, over the last ten seconds.")
    requests_per_minute: float
    first_token_ms: int | None = Field(description="Median of the last hour's streamed calls.")
    spend_today_micros: int
    spend_month_micros: int
    limit: Limit = Field(description="Those of the organisation.")
    currency: Currency
    series: list[Point]
    recent_errors: list[RecentError]
    next_steps: list[NextStep]
