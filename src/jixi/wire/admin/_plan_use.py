"""What models were asked for, in the words of a plan."""

from datetime import datetime

from pydantic import Field

from jixi.wire.admin._base import Currency, Response


class UsedEngine(Response):
    busy_hours: float


class UsedTask(Response):
    """Fields of a plan for serving and of a comparison: with `hardware` or `options` they are a request.

    The users are the members who called, each with as many prompts an hour as in the busiest minute.
    """

    model: str | None = Field(description="The id of the model of the store; null where it is not known.")
    users: int
    prompts_per_hour: float
    prompt_tokens: float
    output_tokens: float
    reused: float
    engine: UsedEngine


class PlanUse(Response):
    """Calls that an engine answered with text, those that the response cache gave again apart."""

    model: str = Field(description="The public name that was called.")
    requests: int
    members: int = Field(description="How many called it.")
    input_tokens: float = Field(description="Of a request, on average.")
    output_tokens: float = Field(description="Of a request, on average.")
    cached_share: float = Field(description="Of the input tokens, what a prompt cache served.")
    peak_requests_s: float = Field(description="Requests a second in the busiest minute, batches left out.")
    peak_concurrency: int = Field(
        description="The most requests that were on the way at once, batches left out."
    )
    million_tokens: float = Field(description="A month at the pace since `first_at`, in and out.")
    spend_micros: int = Field(description="What all calls cost, those that failed included.")
    first_at: datetime
    task: UsedTask


class PlanUseList(Response):
    """The last `days` of the caller's organisation; a role that reads no others' usage has its own alone."""

    items: list[PlanUse] = Field(description="The most requests first.")
    days: int
    currency: Currency
