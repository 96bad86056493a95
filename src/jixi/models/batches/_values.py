"""The nouns of the room: files, batches, and the lines that batches are made of."""

from datetime import datetime, timedelta
from typing import Any, Final, Literal, Self

from msgspec import Raw, Struct

from jixi.core.errors import PROBLEMS, JixiError
from jixi.core.principal import Scope

Purpose = Literal["batch", "batch_output"]
BatchStatus = Literal[
    "validating", "failed", "in_progress", "finalizing", "completed", "expired", "cancelling", "cancelled"
]
Ending = Literal["completed", "failed", "expired", "cancelled"]
ENDINGS: Final[frozenset[str]] = frozenset({"completed", "failed", "expired", "cancelled"})
ENDPOINTS: Final = {
    "/v1/chat/completions": Scope.CHAT,
    "/v1/completions": Scope.COMPLETIONS,
    "/v1/embeddings": Scope.EMBEDDINGS,
    "/v1/rerank": Scope.RERANK,
    "/v1/classify": Scope.CLASSIFY,
}
"""What a batch may be made of, and the scope that its caller needs besides `batches`."""
ROOM: Final = "batches"
"""The room's name in the names of its blobs."""
WINDOW: Final = timedelta(hours=24)


class Caps(Struct, frozen=True, kw_only=True):
    """How much one tenant may keep here, and how much one batch may be."""

    file_bytes: int = 100 * 1024 * 1024
    tenant_bytes: int = 10 * 1024**3
    tenant_files: int = 1000
    tenant_batches: int = 100
    lines: int = 50_000
    line_bytes: int = 1024 * 1024
    kept: timedelta = timedelta(days=30)


class File(Struct, frozen=True, kw_only=True):
    id: str
    tenant_id: str
    member_id: str
    purpose: Purpose
    filename: str
    bytes: int
    created_at: datetime
    expires_at: datetime


class Fault(Struct, frozen=True, kw_only=True):
    """What is wrong with a line of the input, or with the batch as a whole where `line` is None."""

    code: str
    facts: dict[str, str]
    param: str | None = None
    line: int | None = None

    @classmethod
    def of(cls, error: JixiError, line: int | None = None) -> Self:
        facts = {name: str(value) for name, value in error.facts.items()}
        return cls(code=error.code, facts=facts, param=error.param, line=line)

    def error(self) -> JixiError:
        return JixiError(PROBLEMS[self.code], dict(self.facts), param=self.param)


class Batch(Struct, frozen=True, kw_only=True):
    """A batch as it stands. `opened` is the last line that may have been begun; `rest` is why others never will be.

    `ending` and the ids of the files are settled on entering `finalizing`; the files exist once the batch has ended.
    """

    id: str
    tenant_id: str
    member_id: str
    key_id: str | None
    job_id: str
    endpoint: str
    input_file_id: str
    status: BatchStatus
    ending: Ending | None
    rest: Fault | None
    faults: tuple[Fault, ...]
    output_file_id: str | None
    error_file_id: str | None
    metadata: dict[str, Any] | None
    total: int
    completed: int
    failed: int
    opened: int
    created_at: datetime
    expires_at: datetime
    in_progress_at: datetime | None
    finalizing_at: datetime | None
    cancelling_at: datetime | None
    ended_at: datetime | None

    @property
    def ended(self) -> bool:
        return self.status in ENDINGS

    @property
    def kind(self) -> Scope:
        return ENDPOINTS[self.endpoint]


class Line(Struct, frozen=True, kw_only=True):
    """A request of a batch; `number` counts from 1, as editors do."""

    number: int
    custom_id: str
    model: str
    body: Raw


class Written(Struct, frozen=True, kw_only=True):
    """What became of a line: `body` is its line of the output file, or of the error file where it is not `ok`."""

    number: int
    ok: bool
    body: bytes
