"""Gauges and closed accounts in the database, as the writer reads and writes them: a statement for each table."""

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import DBAPIError

from jixi.core.principal import Principal
from jixi.governance.ledger._gauge import Account, Gauge
from jixi.governance.ledger._records import gauges
from jixi.governance.ledger._values import LimitScope
from jixi.storage import execute_rows, fetch_rows

_FIELDS: Final = tuple(name for name in Gauge.__struct_fields__ if name in gauges.c)
_READ: Final = (
    f"SELECT {', '.join(_FIELDS)} FROM gauges "  # noqa: S608  (names of our own columns)
    "WHERE scope_id IN (VALUES {rows}) ORDER BY scope_id"
)
_READ_LOCKED: Final = f"{_READ} FOR UPDATE"
_WRITE: Final = """
UPDATE gauges SET day = new.column2, day_spent = new.column3, day_held = new.column4, month = new.column5,
  month_spent = new.column6, month_held = new.column7, running = new.column8, requests_used = new.column9,
  tokens_used = new.column10, measured_ms = new.column11, revision = new.column12 + 1
FROM (VALUES {rows}) AS new WHERE scope_id = new.column1 AND revision = new.column12
"""
_OPEN: Final = """
INSERT INTO gauges (scope_id, tenant_id, scope, version)
VALUES {rows} ON CONFLICT DO NOTHING
"""
_READ_CLOSED: Final = """
SELECT scope_id, period, spent_micros, held_micros FROM accounts WHERE (scope_id, period) IN (VALUES {rows})
"""
_WRITE_CLOSED: Final = """
INSERT INTO accounts (scope_id, period, tenant_id, spent_micros, held_micros) VALUES {rows}
ON CONFLICT (scope_id, period) DO UPDATE SET spent_micros = excluded.spent_micros, held_micros = excluded.held_micros
"""
_MOST_KNOWN: Final = 1024

Scope = tuple[str, str, LimitScope]
"""A scope's id, its tenant, and what it is."""


class NewScopesError(Exception):
    """Some scopes have no gauge yet: `open_gauges` makes them, in a transaction of its own."""

    def __init__(self, scopes: list[Scope]) -> None:
        super().__init__(f"{len(scopes)} scopes have no gauge")
        self.scopes = scopes


class ConcurrentChangeError(DBAPIError):
    """A gauge changed between its reading and its writing, which its lock should have kept from happening."""


def scopes_of(principal: Principal, model: str) -> list[Scope]:
    """What a call weighs on: its tenant, member, the tenant's use of the model, and its key if it came by one."""
    tenant_id = principal.tenant_id
    scopes: list[Scope] = [
        (tenant_id, tenant_id, "tenant"),
        (principal.member_id, tenant_id, "member"),
        (model_scope(tenant_id, model), tenant_id, "model"),
    ]
    if principal.key_id is not None:
        scopes.append((principal.key_id, tenant_id, "key"))
    return scopes


def model_scope(tenant_id: str, model: str) -> str:
    """The id of a tenant's use of a model."""
    return f"{tenant_id}:{model}"


class Gauges:
    """The gauges of one connection's transactions.

    What a transaction of SQLite has left is known to the next one, which its lock keeps alone, unless somebody else
    has written meanwhile: SQLite says so. PostgreSQL does not, so that there every transaction reads.
    """

    def __init__(self) -> None:
        self._known: dict[str, Gauge] = {}
        self._locked: dict[str, Gauge] = {}
        self._seen: int | None = None

    def lock(self, connection: Connection, scopes: dict[str, Scope]) -> dict[str, Gauge]:
        """The gauges of these scopes, in the one order in which everybody locks them. Raises `NewScopesError`."""
        self._locked = {}
        if not scopes:
            return {}
        found = self._unchanged(connection, scopes)
        if found is None:
            read = _READ_LOCKED if connection.dialect.name == "postgresql" else _READ
            rows = fetch_rows(connection, read, [(scope,) for scope in scopes])
            found = {row[0]: Gauge(*row) for row in rows}
            if len(found) < len(scopes):
                raise NewScopesError([scopes[scope_id] for scope_id in sorted(scopes.keys() - found.keys())])
        self._locked = found
        return found

    def keep(self) -> None:
        """The transaction is made: what it wrote is what the next one would read."""
        for gauge in self._locked.values():
            if gauge.changed:
                gauge.changed = False
                gauge.revision += 1
            gauge.closed.clear()
        self._known |= self._locked

    def forget(self) -> None:
        """The transaction may not be made: nothing is known."""
        self._known.clear()

    def _unchanged(self, connection: Connection, scopes: dict[str, Scope]) -> dict[str, Gauge] | None:
        """What is known of all of these; None where it is not, or may have changed."""
        if connection.dialect.name == "postgresql":
            self._known.clear()
            return None
        ((seen,),) = fetch_rows(connection, "PRAGMA data_version", [()])
        if seen != self._seen or len(self._known) > _MOST_KNOWN:
            self._seen = seen
            self._known.clear()
        if scopes.keys() <= self._known.keys():
            return {scope_id: self._known[scope_id] for scope_id in scopes}
        return None


def open_gauges(connection: Connection, scopes: Sequence[Scope]) -> None:
    """Gauges for scopes that were never called; those that another process has just made stay as they are."""
    execute_rows(connection, _OPEN, [(*scope, 0) for scope in scopes])


def read_closed(connection: Connection, found: dict[str, Gauge], day: str) -> None:
    """Put the accounts of `day` and its month into those gauges whose newest are others."""
    wanted = [(gauge.scope_id, day) for gauge in found.values() if gauge.day != day]
    month = day[:7]
    wanted += [(gauge.scope_id, month) for gauge in found.values() if gauge.month != month]
    if wanted:
        for scope_id, period, spent, held in fetch_rows(connection, _READ_CLOSED, wanted):
            found[scope_id].closed[period] = Account(spent, held)


def write_gauges(connection: Connection, found: Iterable[Gauge]) -> None:
    """Write what changed, each on the condition that it still is what the decision was made on."""
    changed = [gauge for gauge in found if gauge.changed]
    rows = [
        (
            gauge.scope_id,
            gauge.day,
            gauge.day_spent,
            gauge.day_held,
            gauge.month,
            gauge.month_spent,
            gauge.month_held,
            gauge.running,
            gauge.requests_used,
            gauge.tokens_used,
            gauge.measured_ms,
            gauge.revision,
        )
        for gauge in changed
    ]
    if rows and execute_rows(connection, _WRITE, rows) != len(rows):
        raise ConcurrentChangeError("UPDATE gauges", rows, RuntimeError("changed meanwhile"))
    closed = [
        (gauge.scope_id, period, gauge.tenant_id, account.spent, account.held)
        for gauge in changed
        for period, account in gauge.closed.items()
        if account.changed
    ]
    if closed:
        execute_rows(connection, _WRITE_CLOSED, sorted(closed))


def gauge_of(row: RowMapping) -> Gauge:
    """The gauge of a whole row."""
    return Gauge(*(row[name] for name in _FIELDS))


def is_deadlock(error: DBAPIError) -> bool:
    """Whether PostgreSQL broke a tie between two transactions that waited for each other: the loser tries again."""
    return getattr(error.orig, "sqlstate", None) == "40P01"
