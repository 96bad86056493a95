"""The hot path's SQL: a group of operations in one transaction, with a statement for each table it touches."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, text, update
from sqlalchemy.exc import DBAPIError

from jixi.core.ports import Hold
from jixi.governance.ledger._admission import Account, admit, settle
from jixi.governance.ledger._operations import (
    Operation,
    Refusal,
    Renew,
    Reserve,
    Result,
    Settle,
    scopes_of,
)
from jixi.governance.ledger._records import holds
from jixi.storage import execute_rows

_Accounts = dict[tuple[str, str], Account]

_READ: Final = """
SELECT scope_id, month, limit_micros, spent_micros, held_micros FROM accounts
WHERE (scope_id, month) IN (VALUES {rows}) ORDER BY scope_id, month
"""
_READ_LOCKED: Final = _READ + "FOR UPDATE"
_WRITE: Final = """
UPDATE accounts SET spent_micros = new.column5, held_micros = new.column6 FROM (VALUES {rows}) AS new
WHERE scope_id = new.column1 AND month = new.column2
AND spent_micros = new.column3 AND held_micros = new.column4
"""
_HOLD: Final = """
INSERT INTO holds (request_id, tenant_id, key_id, member_id, model, kind, month, price_version, stream, opened_at,
  amount_micros, lease_until, input_tokens, output_tokens)
VALUES {rows}
"""
_CHARGE: Final = """
INSERT INTO charges (request_id, tenant_id, key_id, member_id, model, kind, month, price_version, stream, opened_at,
  charged_at, day, outcome, error_code, input_tokens, cached_input_tokens, output_tokens, estimated, cost_micros,
  currency, first_token_ms, duration_ms)
VALUES {rows}
"""
_TAKE: Final = "DELETE FROM holds WHERE request_id IN (VALUES {rows}) RETURNING request_id"
_TAKE_EXPIRED: Final = (
    delete(holds)
    .where(holds.c.request_id == bindparam("of"), holds.c.lease_until < bindparam("expired_by"))
    .returning(holds.c.request_id)
)
_OPEN: Final = text(
    "INSERT INTO accounts (scope_id, month, tenant_id, limit_micros, spent_micros, held_micros) "
    "VALUES (:of, :in_month, :tenant, (SELECT limit_micros FROM budgets WHERE scope_id = :budget_of), 0, 0) "
    "ON CONFLICT DO NOTHING"
)
_RENEW: Final = (
    update(holds)
    .where(holds.c.request_id == bindparam("of"))
    .values(
        lease_until=bindparam("until"),
        input_tokens=bindparam("input"),
        output_tokens=bindparam("output"),
    )
)


class _Row(NamedTuple):
    scope_id: str
    month: str
    limit: int | None
    spent: int
    held: int


class ConcurrentChangeError(DBAPIError):
    """An account changed between its reading and its writing, which its lock should have kept from happening."""


def apply(connection: Connection, operations: Sequence[Operation]) -> list[Result]:
    """Apply a group in order, inside the open transaction; where it raises, nothing of the group may be kept."""
    weighing = [operation for operation in operations if not isinstance(operation, Renew)]
    found = _read_accounts(connection, [operation.hold for operation in weighing])
    before = {scope: (account.spent, account.held) for scope, account in found.items()}
    taken = _take_holds(connection, [operation for operation in weighing if isinstance(operation, Settle)])
    results: list[Result] = []
    opened: list[tuple[Any, ...]] = []
    charged: list[tuple[Any, ...]] = []
    for operation in operations:
        if isinstance(operation, Renew):
            results.append(None)
            continue
        weighed = [found[scope] for scope in scopes_of(operation.hold)]
        if isinstance(operation, Reserve):
            refusal = admit(weighed, operation.hold.amount_micros, operation.hold.price.currency)
            results.append(None if refusal is None else Refusal.of(refusal))
            if refusal is None:
                opened.append(_hold_row(operation))
        else:
            cost = operation.hold.price.cost(operation.settlement.usage)
            results.append(cost)
            if operation.hold.reservation.request_id in taken:
                taken.discard(operation.hold.reservation.request_id)
                settle(weighed, operation.hold.amount_micros, cost)
                charged.append(_charge_row(operation, cost))
    _write_accounts(connection, found, before)
    if opened:
        execute_rows(connection, _HOLD, opened)
    if charged:
        execute_rows(connection, _CHARGE, charged)
    _renew(connection, operations)
    return results


def _read_accounts(connection: Connection, weighing: Iterable[Hold]) -> _Accounts:
    """The accounts of these holds, locked; those of a new month are opened with the standing limit."""
    tenants = {scope: hold.reservation.principal.tenant_id for hold in weighing for scope in scopes_of(hold)}
    if not tenants:
        return {}
    found = _select_accounts(connection, list(tenants))
    if missing := sorted(scope for scope in tenants if scope not in found):
        rows = [
            {"of": scope[0], "budget_of": scope[0], "in_month": scope[1], "tenant": tenants[scope]}
            for scope in missing
        ]
        for row in rows:
            connection.execute(_OPEN, row)
        found |= _select_accounts(connection, missing)
    return found


def _select_accounts(connection: Connection, scopes: list[tuple[str, str]]) -> _Accounts:
    read = _READ_LOCKED if connection.dialect.name == "postgresql" else _READ
    found = (_Row(*row) for row in execute_rows(connection, read, scopes))
    return {(row.scope_id, row.month): Account(**row._asdict()) for row in found}


def _write_accounts(
    connection: Connection, found: _Accounts, before: dict[tuple[str, str], tuple[int, int]]
) -> None:
    """Write what changed, each on the condition that it still is what the decision was made on."""
    rows = [
        (*scope, *before[scope], account.spent, account.held)
        for scope, account in found.items()
        if before[scope] != (account.spent, account.held)
    ]
    if rows and execute_rows(connection, _WRITE, rows).rowcount != len(rows):
        raise ConcurrentChangeError("UPDATE accounts", rows, RuntimeError("changed meanwhile"))


def _take_holds(connection: Connection, settling: list[Settle]) -> set[str]:
    """Remove the holds that these settle and say which there were: what was settled before is not there."""
    taken: set[str] = set()
    if ids := [(each.hold.reservation.request_id,) for each in settling if each.expired_by is None]:
        taken.update(execute_rows(connection, _TAKE, ids).scalars())
    for each in settling:
        if each.expired_by is not None:
            row = {"of": each.hold.reservation.request_id, "expired_by": each.expired_by}
            taken.update(connection.execute(_TAKE_EXPIRED, row).scalars())
    return taken


def _renew(connection: Connection, operations: Sequence[Operation]) -> None:
    rows = [
        {"of": request_id, "until": operation.lease_until, "input": input_tokens, "output": output_tokens}
        for operation in operations
        if isinstance(operation, Renew)
        for request_id, input_tokens, output_tokens in operation.marks
    ]
    if rows:
        connection.execute(_RENEW, rows)


def _call_columns(hold: Hold) -> tuple[Any, ...]:
    reservation = hold.reservation
    return (
        reservation.request_id,
        reservation.principal.tenant_id,
        reservation.principal.key_id,
        reservation.principal.member_id,
        reservation.model,
        reservation.kind.value,
        hold.month,
        hold.price.version,
        reservation.stream,
        hold.opened_at,
    )


def _hold_row(operation: Reserve) -> tuple[Any, ...]:
    return (*_call_columns(operation.hold), operation.hold.amount_micros, operation.lease_until, 0, 0)


def _charge_row(operation: Settle, cost: int) -> tuple[Any, ...]:
    settlement, usage = operation.settlement, operation.settlement.usage
    return (
        *_call_columns(operation.hold),
        operation.charged_at,
        operation.charged_at.date().isoformat(),
        settlement.outcome,
        settlement.error_code,
        usage.input_tokens,
        usage.cached_input_tokens,
        usage.output_tokens,
        usage.estimated,
        cost,
        operation.hold.price.currency,
        settlement.first_token_ms,
        settlement.duration_ms,
    )
