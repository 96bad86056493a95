"""Live traffic, second by second."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from jixi.wire.admin._base import Response


class TrafficSecond(Response):
    """One second of the tenant's calls. Calls and tokens count when a call ends."""

    at: datetime
    calls: int
    errors: int
    refused: int = Field(description="Calls refused before any model; they are no errors.")
    input_tokens: int
    output_tokens: int
    running: int
    waiting: int
    first_token_ms_p50: int | None


class Traffic(Response):
    """Seconds, oldest first, the quiet ones included."""

    step_s: Literal[1]
    items: list[TrafficSecond]
