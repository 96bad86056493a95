"""What is asked of the ledger's writer."""

from datetime import datetime

from msgspec import Struct

from jixi.core.ports import Hold, Settlement


class Reserve(Struct, frozen=True):
    """Set a hold's money aside."""

    hold: Hold
    lease_until: datetime


class Settle(Struct, frozen=True):
    """Turn a hold into a charge. With `expired_by` only where its lease ran out before then."""

    hold: Hold
    settlement: Settlement
    charged_at: datetime
    expired_by: datetime | None = None


class Renew(Struct, frozen=True):
    """Renew the leases of calls that run and note what they have produced: (request id, input, output tokens)."""

    marks: list[tuple[str, int, int]]
    lease_until: datetime


Operation = Reserve | Settle | Renew


def scopes_of(hold: Hold) -> list[tuple[str, str]]:
    """(scope id, month) of every account that a hold weighs on: its tenant's, and its key's if it came with one."""
    principal = hold.reservation.principal
    scopes = [(principal.tenant_id, hold.month)]
    if principal.key_id is not None:
        scopes.append((principal.key_id, hold.month))
    return scopes
