"""The hot path's SQL: a group of operations in one transaction, with a statement for each table it touches."""

from collections.abc import Container, Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, delete, update

from jixi.core.errors import JixiError, problem
from jixi.core.ports import Hold
from jixi.core.principal import Principal
from jixi.governance.ledger._admission import admit, settle, tally
from jixi.governance.ledger._gauge import Demand, Gauge, allowance_of
from jixi.governance.ledger._operations import (
    Measure,
    Operation,
    Refusal,
    Renew,
    Reserve,
    Result,
    Settle,
    Tally,
)
from jixi.governance.ledger._records import holds
from jixi.governance.ledger._records_gauges import (
    Gauges,
    Scope,
    read_closed,
    scopes_of,
    write_gauges,
)
from jixi.governance.ledger._records_measured import Measured
from jixi.storage import execute_rows, fetch_rows

_HOLD: Final = """
INSERT INTO holds (request_id, tenant_id, key_id, member_id, model, kind, tier, month, stream, opened_at,
  price_version, target_prices, amount_micros, most_tokens, lease_until, input_tokens, output_tokens,
  units)
VALUES {rows}
"""
_CHARGE: Final = """
INSERT INTO charges (request_id, tenant_id, key_id, member_id, model, kind, tier, month, stream, opened_at,
  price_version, target, replayed, charged_at, day, outcome, error_code, input_tokens, cached_input_tokens,
  output_tokens, estimated, cost_micros, currency, first_token_ms, duration_ms, units)
VALUES {rows}
"""
_TAKE: Final = "DELETE FROM holds WHERE request_id IN (VALUES {rows}) RETURNING request_id"
_TAKE_EXPIRED: Final = (
    delete(holds)
    .where(holds.c.request_id == bindparam("of"), holds.c.lease_until < bindparam("expired_by"))
    .returning(holds.c.request_id)
)
_RENEW: Final = (
    update(holds)
    .where(holds.c.request_id == bindparam("of"))
    .values(
        lease_until=bindparam("until"),
        input_tokens=bindparam("input"),
        output_tokens=bindparam("output"),
        units=bindparam("made"),
        target=bindparam("answers"),
    )
)
_Weighing = Reserve | Settle | Tally | Measure
_Caller = tuple[str, ...]


def apply(connection: Connection, gauges: Gauges, operations: Sequence[Operation]) -> list[Result]:
    """Apply a group in order, inside the open transaction; where it raises, nothing of the group may be kept.

    Raises `NewScopesError` where a scope was never called before.
    """
    weighing = [each for each in operations if not isinstance(each, Renew)]
    scopes = _Scopes(connection, gauges, weighing)
    # First: a lease that is renewed in this group has not run out, and its own settlement is the true one.
    _renew(connection, [each for each in operations if isinstance(each, Renew)])
    taken, expired = _take_holds(connection, [each for each in weighing if isinstance(each, Settle)])
    # Behind the locks of the gauges, which keep other writers from the charges of the same tenants.
    measured = Measured(connection, [each for each in weighing if isinstance(each, Measure)])
    results: list[Result] = []
    opened: dict[str, tuple[Any, ...]] = {}
    charged: list[tuple[Any, ...]] = []
    weights = iter(scopes.weights)
    for operation in operations:
        if isinstance(operation, Renew):
            results.append(None)
            continue
        weighed, demand = next(weights)
        if isinstance(operation, Reserve):
            request_id = operation.hold.reservation.request_id
            refusal = _refusal(weighed, demand, request_id, opened)
            results.append(allowance_of(weighed) if refusal is None else Refusal.of(refusal))
            if refusal is None:
                opened[request_id] = _hold_row(operation, demand)
        elif isinstance(operation, Settle):
            request_id = operation.hold.reservation.request_id
            # A hold of this very group lies in no table yet: it is taken from what is to be written.
            there = expired if operation.expired_by is not None else taken
            if request_id in there or opened.pop(request_id, None) is not None:
                there.discard(request_id)
                cost = _cost(operation)
                settle(weighed, demand, cost, _tokens(operation))
                charged.append(_charge_row(operation, demand, cost))
                results.append(cost)
            else:
                results.append(None)
        elif isinstance(operation, Measure):
            results.append(measured.charge(operation, weighed))
        else:
            refusal = tally(weighed, operation.at_ms)
            results.append(None if refusal is None else Refusal.of(refusal))
    write_gauges(connection, scopes)
    measured.write()
    execute_rows(connection, _HOLD, list(opened.values()))
    execute_rows(connection, _CHARGE, charged)
    return results


def _refusal(
    weighed: list[Gauge], demand: Demand, request_id: str, opened: Container[str]
) -> JixiError | None:
    """Why a hold is not opened; an id has one at a time, in the group as in the table."""
    if request_id in opened:
        return problem("duplicate_request", request_id=request_id)
    return admit(weighed, demand)


class _Scopes:
    """The gauges of a group's calls, locked, each once. `weights` are those of each operation, and what it needs of
    them, in the order of the operations.
    """

    def __init__(self, connection: Connection, gauges: Gauges, weighing: Sequence[_Weighing]) -> None:
        callers: dict[_Caller, list[Scope]] = {}
        needed: list[tuple[_Caller, Demand]] = []
        for operation in weighing:
            caller, demand = _need(operation)
            if caller not in callers:
                callers[caller] = _scopes(operation)
            needed.append((caller, demand))
        wanted = {scope[0]: scope for scopes in callers.values() for scope in scopes}
        self._gauges = found = gauges.lock(connection, wanted)
        weighed = {caller: [found[scope[0]] for scope in scopes] for caller, scopes in callers.items()}
        self.weights = [(weighed[caller], demand) for caller, demand in needed]
        for day in {demand.day for _, demand in needed}:
            read_closed(connection, self._gauges, day)

    def __iter__(self) -> Iterator[Gauge]:
        return iter(self._gauges.values())


def _need(operation: _Weighing) -> tuple[_Caller, Demand]:
    """Whose gauges an operation weighs on, as a key for them, and what it needs of each."""
    if isinstance(operation, Reserve | Settle):
        hold = operation.hold
        reservation, opened_at = hold.reservation, hold.opened_at
        day, month = _day_and_month(opened_at.date())
        at_ms, currency = int(opened_at.timestamp() * 1000), hold.price.currency
        demand = Demand(day, month, hold.amount_micros, most_tokens(hold), at_ms, currency)
        return _caller(reservation.principal, reservation.model), demand
    demand = Demand(operation.day, operation.day[:7], 0, 0, 0, "")
    if isinstance(operation, Tally):
        return _caller(operation.principal, operation.model), demand
    return (operation.tenant_id,), demand


def _scopes(operation: _Weighing) -> list[Scope]:
    if isinstance(operation, Measure):
        return [(operation.tenant_id, operation.tenant_id, "tenant")]
    if isinstance(operation, Tally):
        return scopes_of(operation.principal, operation.model)
    return scopes_of(operation.hold.reservation.principal, operation.hold.reservation.model)


def _caller(principal: Principal, model: str) -> _Caller:
    return principal.tenant_id, principal.member_id, model, principal.key_id or ""


@lru_cache(8)
def _day_and_month(at: date) -> tuple[str, str]:
    day = at.isoformat()
    return day, day[:7]


def most_tokens(hold: Hold) -> int:
    """The most that the call can count against a limit of tokens."""
    return hold.reservation.max_input_tokens + hold.reservation.max_output_tokens


def _cost(operation: Settle) -> int:
    settlement, hold = operation.settlement, operation.hold
    return hold.price_of(settlement.target).cost(
        settlement.usage, batch=hold.reservation.tier == "batch", replayed=settlement.replayed
    )


def _tokens(operation: Settle) -> int:
    """What counts against a limit of tokens: an answer given again has kept no model busy."""
    usage = operation.settlement.usage
    return 0 if operation.settlement.replayed else usage.input_tokens + usage.output_tokens


def _take_holds(connection: Connection, settling: list[Settle]) -> tuple[set[str], set[str]]:
    """Remove the holds that these settle and say which there were: what was settled before is not there.

    Those that their own calls settle, and those whose lease had run out, come apart.
    """
    taken, expired = set[str](), set[str]()
    if ids := [(each.hold.reservation.request_id,) for each in settling if each.expired_by is None]:
        taken.update(request_id for (request_id,) in fetch_rows(connection, _TAKE, ids))
    for each in settling:
        if each.expired_by is not None:
            row = {"of": each.hold.reservation.request_id, "expired_by": each.expired_by}
            expired.update(connection.execute(_TAKE_EXPIRED, row).scalars())
    return taken, expired


def _renew(connection: Connection, operations: Sequence[Renew]) -> None:
    rows = [
        {
            "of": request_id,
            "until": operation.lease_until,
            "input": input_tokens,
            "output": output_tokens,
            "made": units,
            "answers": target,
        }
        for operation in operations
        for request_id, input_tokens, output_tokens, units, target in operation.marks
    ]
    if rows:
        connection.execute(_RENEW, rows)


def _call_columns(hold: Hold, month: str) -> tuple[Any, ...]:
    reservation = hold.reservation
    return (
        reservation.request_id,
        reservation.principal.tenant_id,
        reservation.principal.key_id,
        reservation.principal.member_id,
        reservation.model,
        reservation.kind.value,
        reservation.tier,
        month,
        reservation.stream,
        hold.opened_at,
    )


def _hold_row(operation: Reserve, demand: Demand) -> tuple[Any, ...]:
    hold = operation.hold
    versions = {price.model: price.version for price in hold.target_prices}
    return (
        *_call_columns(hold, demand.month),
        hold.price.version,
        msgspec.json.encode(versions).decode() if versions else None,
        hold.amount_micros,
        most_tokens(hold),
        operation.lease_until,
        0,
        0,
        0,
    )


def _charge_row(operation: Settle, demand: Demand, cost: int) -> tuple[Any, ...]:
    settlement, usage = operation.settlement, operation.settlement.usage
    return (
        *_call_columns(operation.hold, demand.month),
        operation.hold.price_of(settlement.target).version,
        settlement.target,
        settlement.replayed,
        operation.charged_at,
        _day_and_month(operation.charged_at.date())[0],
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
        usage.units,
    )
