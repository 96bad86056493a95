"""Limits in place of budgets: a gauge for each scope, accounts of days beside months; tiers, targets and replays."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004_limits"
down_revision = "0003_traces"

_CALL = ("tenant_id", "member_id", "key_id", "model", "month", "opened_at")
_CHARGES = sa.table("charges", *map(sa.column, (*_CALL, "cost_micros")))
_HOLDS = sa.table("holds", *map(sa.column, (*_CALL, "amount_micros")))
_ACCOUNTS = sa.table(
    "accounts", *map(sa.column, ("scope_id", "period", "tenant_id", "spent_micros", "held_micros"))
)
_GAUGES = sa.table(
    "gauges", *map(sa.column, ("scope_id", "tenant_id", "scope", "version", "running", "monthly_micros"))
)
_BUDGETS = sa.table("budgets", *map(sa.column, ("scope_id", "tenant_id", "scope", "limit_micros", "version")))
_GAUGE = ["scope_id", "tenant_id", "scope", "version", "running"]
_ZERO = sa.literal_column("0", sa.Integer)
_KINDS = ("tenant", "member", "key", "model")


def upgrade() -> None:
    _prices_and_calls()
    op.drop_table("accounts")
    op.create_table(
        "accounts",
        sa.Column("scope_id", sa.String(256), primary_key=True),
        sa.Column("period", sa.String(10), primary_key=True),
        sa.Column("tenant_id", sa.String(40), nullable=False, index=True),
        sa.Column("spent_micros", sa.BigInteger, nullable=False),
        sa.Column("held_micros", sa.BigInteger, nullable=False),
    )
    _gauges()
    for kind in _KINDS:
        _fill_accounts(kind)
        _fill_gauges(kind)
    _move_budgets()
    op.drop_table("budgets")


def _scope(table: sa.TableClause, kind: str) -> Any:
    if kind == "model":
        return sa.type_coerce(table.c.tenant_id, sa.String) + ":" + sa.type_coerce(table.c.model, sa.String)
    return table.c[f"{kind}_id"]


def _day(table: sa.TableClause) -> Any:
    """The day in UTC on which a call was opened."""
    if op.get_bind().dialect.name == "postgresql":
        return sa.func.to_char(sa.func.timezone("UTC", table.c.opened_at), "YYYY-MM-DD")
    return sa.func.substr(table.c.opened_at, 1, 10)


def _fill_accounts(kind: str) -> None:
    """What was spent and is held by every scope in every month and day."""
    parts = [
        sa.select(
            _scope(table, kind).label("scope_id"),
            period.label("period"),
            table.c.tenant_id.label("tenant_id"),
            spent.label("spent"),
            held.label("held"),
        )
        for table, spent, held in (
            (_CHARGES, _CHARGES.c.cost_micros, _ZERO),
            (_HOLDS, _ZERO, _HOLDS.c.amount_micros),
        )
        for period in (table.c.month, _day(table))
    ]
    sums = sa.union_all(*parts).subquery()
    names = [column.name for column in _ACCOUNTS.columns]
    totals = sa.select(
        sums.c.scope_id,
        sums.c.period,
        sa.func.min(sums.c.tenant_id),
        sa.func.sum(sums.c.spent),
        sa.func.sum(sums.c.held),
    )
    found = totals.where(sums.c.scope_id.is_not(None)).group_by(sums.c.scope_id, sums.c.period)
    op.execute(_ACCOUNTS.insert().from_select(names, found))


def _fill_gauges(kind: str) -> None:
    running = (
        sa.select(sa.func.count())
        .select_from(_HOLDS)
        .where(_scope(_HOLDS, kind) == _ACCOUNTS.c.scope_id)
        .scalar_subquery()
    )
    scopes = sa.select(_ACCOUNTS.c.scope_id, _ACCOUNTS.c.tenant_id, sa.literal(kind), _ZERO, running)
    new = scopes.distinct().where(_ACCOUNTS.c.scope_id.not_in(sa.select(_GAUGES.c.scope_id)))
    op.execute(_GAUGES.insert().from_select(_GAUGE, new))


def _move_budgets() -> None:
    unused = sa.select(_BUDGETS.c.scope_id, _BUDGETS.c.tenant_id, _BUDGETS.c.scope, _ZERO, _ZERO).where(
        _BUDGETS.c.scope_id.not_in(sa.select(_GAUGES.c.scope_id))
    )
    op.execute(_GAUGES.insert().from_select(_GAUGE, unused))
    of_scope = _BUDGETS.c.scope_id == _GAUGES.c.scope_id
    op.execute(
        _GAUGES.update()
        .where(_GAUGES.c.scope_id.in_(sa.select(_BUDGETS.c.scope_id)))
        .values(
            monthly_micros=sa.select(_BUDGETS.c.limit_micros).where(of_scope).scalar_subquery(),
            version=sa.select(_BUDGETS.c.version).where(of_scope).scalar_subquery(),
        )
    )


def _prices_and_calls() -> None:
    op.add_column("prices", sa.Column("batch_percent", sa.Integer, nullable=False, server_default="50"))
    op.add_column("prices", sa.Column("replay_percent", sa.Integer, nullable=False, server_default="0"))
    for table in ("holds", "charges"):
        op.add_column(table, sa.Column("tier", sa.String(16), nullable=False, server_default="standard"))
        op.add_column(table, sa.Column("target", sa.String(200)))
    op.add_column("holds", sa.Column("most_tokens", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("holds", sa.Column("target_prices", sa.Text))
    op.add_column("charges", sa.Column("replayed", sa.Boolean, nullable=False, server_default=sa.false()))


def _gauges() -> None:
    op.create_table(
        "gauges",
        sa.Column("scope_id", sa.String(256), primary_key=True),
        sa.Column("tenant_id", sa.String(40), nullable=False, index=True),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("requests_per_minute", sa.BigInteger),
        sa.Column("tokens_per_minute", sa.BigInteger),
        sa.Column("concurrency", sa.BigInteger),
        sa.Column("daily_micros", sa.BigInteger),
        sa.Column("monthly_micros", sa.BigInteger),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("day", sa.String(10), nullable=False, server_default=""),
        sa.Column("month", sa.String(7), nullable=False, server_default=""),
        *(
            sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
            for name in (
                "day_spent",
                "day_held",
                "month_spent",
                "month_held",
                "running",
                "requests_used",
                "tokens_used",
                "measured_ms",
                "revision",
            )
        ),
    )
