"""Jobs: work that goes on behind the requests."""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from jixi.wire.admin._base import Listing, Response
from jixi.wire.admin._models import Reason

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class Job(Response):
    """A job and how far it is. `subject` is what it is about: a batch's id where `kind` is `batch`, a model and its
    variant (MODEL:VARIANT) where it is `download` or `verification`, a model and the version to be (MODEL:VERSION)
    where it is `import`, an engine where it is `installation`.
    """

    id: str = Field(examples=["job_01k9yq3v8m4t6n2c5b7d9f1h3j"])
    kind: str = Field(examples=["batch"])
    subject: str
    member_id: str | None = Field(description="Who asked for it; null: the settings do.")
    state: JobState
    done: int
    failed: int
    total: int = Field(description="0 while it is not known.")
    facts: dict[str, JsonValue] = Field(
        description="What else it tells: a download or an import its `source`, its `speed` in bytes a second, and "
        "`left_s`, at last the `revision`, an import the `version`; an installation its `phase` (downloading, "
        "installing), and at last the `version`.",
        examples=[{"source": "modelscope", "speed": 52428800, "left_s": 41.0}],
    )
    attempt: int = Field(description="Beginnings in a row that made no progress.")
    reason: Reason | None = Field(description="Why it failed.")
    created_at: datetime
    started_at: datetime | None
    cancel_requested_at: datetime | None
    finished_at: datetime | None
    version: int


class JobList(Listing):
    items: list[Job]
