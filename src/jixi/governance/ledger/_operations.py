"""What is asked of the ledger's writer, and what it answers; all of it can travel to a process of its own."""

from datetime import datetime

import msgspec
from msgspec import Struct

from jixi.core.errors import PROBLEMS, JixiError
from jixi.core.ports import Hold, Settlement


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


class Renew(Struct, frozen=True, tag=True):
    """Renew the leases of calls that run and note what they have produced: (request id, input, output tokens)."""

    marks: list[tuple[str, int, int]]
    lease_until: datetime


class Refusal(Struct, frozen=True):
    """Why an operation was not applied: a problem of the catalogue and its facts."""

    code: str
    facts: dict[str, str]

    @classmethod
    def of(cls, error: JixiError) -> "Refusal":
        return cls(error.code, {name: str(value) for name, value in error.facts.items()})

    def error(self) -> JixiError:
        return JixiError(PROBLEMS[self.code], dict(self.facts))


UNAVAILABLE = Refusal("ledger_unavailable", {})
Operation = Reserve | Settle | Renew
Result = int | Refusal | None
"""The charge's micro-units, None for what has no result, or the reason why it was refused."""

_encode = msgspec.msgpack.Encoder().encode
decode_operations = msgspec.msgpack.Decoder(list[Operation]).decode
encode_results = _encode
decode_results = msgspec.msgpack.Decoder(list[Result]).decode


def encode_operation(operation: Operation) -> msgspec.Raw:
    """By itself, so that one which cannot travel fails alone."""
    return msgspec.Raw(_encode(operation))


def encode_operations(operations: list[msgspec.Raw]) -> bytes:
    return _encode(operations)


def scopes_of(hold: Hold) -> list[tuple[str, str]]:
    """(scope id, month) of every account that a hold weighs on: its tenant's, and its key's if it came with one."""
    principal = hold.reservation.principal
    scopes = [(principal.tenant_id, hold.month)]
    if principal.key_id is not None:
        scopes.append((principal.key_id, hold.month))
    return scopes
