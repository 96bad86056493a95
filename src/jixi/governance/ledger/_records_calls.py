"""The hot path's SQL: a group of operations in one transaction, with a statement for each table it touches."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, insert, select, tuple_, update
from sqlalchemy.exc import DBAPIError

from jixi.core.ports import Hold
from jixi.governance.ledger._admission import Account, admit, settle
from jixi.governance.ledger._operations import Operation, Renew, Reserve, Settle, scopes_of
from jixi.governance.ledger._records import accounts, budgets, charges, holds

_Accounts = dict[tuple[str, str], Account]

_READ: Final = (
    select(
        accounts.c.scope_id,
        accounts.c.month,
        accounts.c.limit_micros,
        accounts.c.spent_micros,
        accounts.c.held_micros,
    )
    .where(tuple_(accounts.c.scope_id, accounts.c.month).in_(bindparam("scopes", expanding=True)))
    .order_by(accounts.c.scope_id, accounts.c.month)
    .with_for_update()
)
_WRITE: Final = (
    update(accounts)
    .where(
        accounts.c.scope_id == bindparam("of"),
        accounts.c.month == bindparam("in_month"),
        accounts.c.spent_micros == bindparam("was_spent"),
        accounts.c.held_micros == bindparam("was_held"),
    )
    .values(spent_micros=bindparam("spent"), held_micros=bindparam("held"))
)
_LIMIT: Final = select(budgets.c.limit_micros).where(budgets.c.scope_id == bindparam("of")).scalar_subquery()
_OPEN: Final = insert(accounts).values(
    scope_id=bindparam("of"),
    month=bindparam("in_month"),
    tenant_id=bindparam("tenant"),
    limit_micros=_LIMIT,
    spent_micros=0,
    held_micros=0,
)
_HOLD: Final = insert(holds)
_CHARGE: Final = insert(charges)
_TAKE: Final = (
    delete(holds)
    .where(holds.c.request_id.in_(bindparam("ids", expanding=True)))
    .returning(holds.c.request_id)
)
_TAKE_EXPIRED: Final = _TAKE.where(holds.c.lease_until < bindparam("expired_by"))
_RENEW: Final = (
    update(holds)
    .where(holds.c.request_id == bindparam("of"))
    .values(
        lease_until=bindparam("until"),
        input_tokens=bindparam("input"),
        output_tokens=bindparam("output"),
    )
)


class ConcurrentChangeError(DBAPIError):
    """An account changed between its reading and its writing, which its lock should have kept from happening."""


def apply(connection: Connection, operations: Sequence[Operation]) -> list[Any]:
    """Apply a group in order. Results: None, the charge's micro-units, or the JixiError of what was refused."""
    weighing = [operation for operation in operations if not isinstance(operation, Renew)]
    found = _read_accounts(connection, [operation.hold for operation in weighing])
    before = {scope: (account.spent, account.held) for scope, account in found.items()}
    taken = _take_holds(connection, [operation for operation in weighing if isinstance(operation, Settle)])
    results: list[Any] = []
    opened: list[dict[str, Any]] = []
    charged: list[dict[str, Any]] = []
    for operation in operations:
        if isinstance(operation, Renew):
            results.append(None)
            continue
        weighed = [found[scope] for scope in scopes_of(operation.hold)]
        if isinstance(operation, Reserve):
            refusal = admit(weighed, operation.hold.amount_micros, operation.hold.price.currency)
            results.append(refusal)
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
        connection.execute(_HOLD, opened)
    if charged:
        connection.execute(_CHARGE, charged)
    _renew(connection, operations)
    return results


def _read_accounts(connection: Connection, weighing: Iterable[Hold]) -> _Accounts:
    """The accounts of these holds, locked; those of a new month are opened with the standing limit."""
    tenants = {scope: hold.reservation.principal.tenant_id for hold in weighing for scope in scopes_of(hold)}
    if not tenants:
        return {}
    found = _select_accounts(connection, list(tenants))
    if missing := [scope for scope in tenants if scope not in found]:
        rows = [{"of": scope[0], "in_month": scope[1], "tenant": tenants[scope]} for scope in missing]
        for row in rows:
            connection.execute(_OPEN, row)
        found |= _select_accounts(connection, missing)
    return found


def _select_accounts(connection: Connection, scopes: list[tuple[str, str]]) -> _Accounts:
    rows = connection.execute(_READ, {"scopes": scopes})
    return {
        (row[0], row[1]): Account(scope_id=row[0], month=row[1], limit=row[2], spent=row[3], held=row[4])
        for row in rows
    }


def _write_accounts(
    connection: Connection, found: _Accounts, before: dict[tuple[str, str], tuple[int, int]]
) -> None:
    """Write what changed, each on the condition that it still is what the decision was made on."""
    for scope, account in found.items():
        spent, held = before[scope]
        if (spent, held) == (account.spent, account.held):
            continue
        row = {
            "of": account.scope_id,
            "in_month": account.month,
            "was_spent": spent,
            "was_held": held,
            "spent": account.spent,
            "held": account.held,
        }
        if connection.execute(_WRITE, row).rowcount != 1:
            raise ConcurrentChangeError("UPDATE accounts", row, RuntimeError("changed meanwhile"))


def _take_holds(connection: Connection, settling: list[Settle]) -> set[str]:
    """Remove the holds that these settle and say which there were: what was settled before is not there."""
    taken: set[str] = set()
    if ids := [each.hold.reservation.request_id for each in settling if each.expired_by is None]:
        taken.update(connection.execute(_TAKE, {"ids": ids}).scalars())
    for each in settling:
        if each.expired_by is not None:
            row = {"ids": [each.hold.reservation.request_id], "expired_by": each.expired_by}
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


def _call_columns(hold: Hold) -> dict[str, Any]:
    reservation = hold.reservation
    return {
        "request_id": reservation.request_id,
        "tenant_id": reservation.principal.tenant_id,
        "key_id": reservation.principal.key_id,
        "member_id": reservation.principal.member_id,
        "model": reservation.model,
        "kind": reservation.kind.value,
        "month": hold.month,
        "price_version": hold.price.version,
        "stream": reservation.stream,
        "opened_at": hold.opened_at,
    }


def _hold_row(operation: Reserve) -> dict[str, Any]:
    return _call_columns(operation.hold) | {
        "amount_micros": operation.hold.amount_micros,
        "lease_until": operation.lease_until,
        "input_tokens": 0,
        "output_tokens": 0,
    }


def _charge_row(operation: Settle, cost: int) -> dict[str, Any]:
    settlement = operation.settlement
    return _call_columns(operation.hold) | {
        "charged_at": operation.charged_at,
        "day": operation.charged_at.strftime("%Y-%m-%d"),
        "outcome": settlement.outcome,
        "error_code": settlement.error_code,
        "input_tokens": settlement.usage.input_tokens,
        "cached_input_tokens": settlement.usage.cached_input_tokens,
        "output_tokens": settlement.usage.output_tokens,
        "estimated": settlement.usage.estimated,
        "cost_micros": cost,
        "currency": operation.hold.price.currency,
        "first_token_ms": settlement.first_token_ms,
        "duration_ms": settlement.duration_ms,
    }
