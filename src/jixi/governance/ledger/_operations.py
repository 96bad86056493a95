"""What is asked of the ledger's writer, and what it answers; all of it can travel to a process of its own."""

from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from jixi.core.errors import PROBLEMS, JixiError
from jixi.core.ports import Allowance, Hold, Settlement
from jixi.core.principal import Principal
from jixi.core.resources import Taken


class Reserve(Struct, frozen=True, tag=True):
    """Set a hold's money aside."""

    hold: Hold
    lease_until: datetime


class Settle(Struct, frozen=True, tag=True):
    """Turn a hold into a charge. With `expired_by` only where its lease ran out before then."""

    hold: Hold
    settlement: Settlement
    charged_at: datetime
    expired_by: datetime | None = None


class Tally(Struct, frozen=True, tag=True):
    """Count a request against the limits of requests a minute, and against nothing else."""

    principal: Principal
    model: str
    day: str
    at_ms: int


class Renew(Struct, frozen=True, tag=True):
    """Renew the leases of calls that run and note what they have produced.

    A mark is a request id, its input tokens, its output tokens, its units, and who answers.
    """

    marks: list[tuple[str, int, int, int, str | None]]
    lease_until: datetime


class Measure(Struct, frozen=True, tag=True):
    """Charge what was taken from `start_ms` to `until_ms`, but for what of it was charged before.

    Both lie in the window that begins at `window_ms` and has one price: micro-units for one of the resource's unit.
    Times are milliseconds since 1970.
    """

    taken: Taken
    tenant_id: str
    window_ms: int
    start_ms: int
    until_ms: int
    price_version: int
    price_micros: int

    @property
    def day(self) -> str:
        """The day in UTC on which it is charged."""
        return datetime.fromtimestamp(self.window_ms // 1000, UTC).date().isoformat()


class Refusal(Struct, frozen=True, tag=True):
    """Why an operation was not applied: a problem of the catalogue, its facts, and when to come back."""

    code: str
    facts: dict[str, str]
    retry_after: int | None = None

    @classmethod
    def of(cls, error: JixiError) -> "Refusal":
        facts = {name: str(value) for name, value in error.facts.items()}
        return cls(error.code, facts, error.retry_after)

    def error(self) -> JixiError:
        return JixiError(PROBLEMS[self.code], dict(self.facts), retry_after=self.retry_after)


UNAVAILABLE = Refusal("ledger_unavailable", {})
Operation = Reserve | Settle | Tally | Renew | Measure
Result = int | Refusal | Allowance | None
"""The charge's micro-units, of a measure those that it adds; what rate limits leave; None for what has no result or
charged nothing, for it was settled before; or the reason why it was refused.
"""

_encode = msgspec.msgpack.Encoder().encode
decode_operations = msgspec.msgpack.Decoder(list[Operation]).decode
encode_results = _encode
decode_results = msgspec.msgpack.Decoder(list[Result]).decode


def encode_operation(operation: Operation) -> msgspec.Raw:
    """By itself, so that one which cannot travel fails alone."""
    return msgspec.Raw(_encode(operation))


def encode_operations(operations: list[msgspec.Raw]) -> bytes:
    return _encode(operations)
