"""What became of one call: the gateway writes it, telemetry keeps and shows it."""

from contextvars import ContextVar
from datetime import datetime
from typing import Final, Literal, NamedTuple, Protocol

from msgspec import Struct, field

from jixi.core.ports import Outcome
from jixi.core.principal import Principal, Scope
from jixi.core.usage import Usage

Mark = Literal["authorised", "reserved", "queued", "dispatched", "first_token", "last_token", "settled"]
"""The places that a call passes, in order; one that a call did not reach is missing."""
Sought = Literal[Outcome, "refused"]
"""What traces are looked for by: of the failed, the refused are those that never had money set aside."""
Dialect = Literal["openai", "responses", "anthropic", "batch"]


class TraceContext(NamedTuple):
    """A call's place among the traces of others, as `traceparent` of W3C Trace Context: what came, and what goes on."""

    caller: str | None
    onward: str


CONTEXT: Final[ContextVar[TraceContext | None]] = ContextVar("trace_context", default=None)
"""The context of the call that the running task answers; whoever sends the call on sends `onward` with it."""


class Attempt(Struct, kw_only=True):
    """One request to one target. Times are milliseconds since the call began; `status` is None where none came."""

    target: str
    started_ms: float
    ended_ms: float | None = None
    first_token_ms: float | None = None
    status: int | None = None
    error_code: str | None = None


class CallTrace(Struct, kw_only=True):
    """One call from its arrival to its charge. `marks` are milliseconds since `began_at`.

    `model` is the name that was asked for, `target` the deployment or provider's model that answered. `request` and
    `answer` are JSON as the gateway saw them, a stream as the array of its chunks, and None where nobody asked to
    keep them.
    """

    request_id: str
    principal: Principal
    kind: Scope
    model: str
    stream: bool
    began_at: datetime
    dialect: Dialect = "openai"
    target: str | None = None
    marks: dict[Mark, float] = field(default_factory=dict[Mark, float])
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    outcome: Outcome = "ok"
    error_code: str | None = None
    usage: Usage = field(default_factory=Usage)
    cost_micros: int = 0
    currency: str = ""
    replayed: bool = False
    request: bytes | None = None
    answer: bytes | None = None
    context: TraceContext | None = field(default_factory=CONTEXT.get)


class Observer(Protocol):
    """Hears of every call that ended, refused ones included."""

    keeps_content: bool
    """Whether traces are to carry the request and the answer."""

    def finished(self, trace: CallTrace) -> None:
        """Take the trace. Cheap and never raises: it runs on the hot path."""
        ...
