"""Sums over charges in the database."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, case, func, select, tuple_

from jixi.core.usage import UNITS, Unit
from jixi.governance.ledger._records import charges
from jixi.governance.ledger._values import Charge, Group, Minute, Row, Selection, Totals
from jixi.storage import Database

_COLUMNS: Final = {
    "day": charges.c.day,
    "model": charges.c.model,
    "key": charges.c.key_id,
    "member": charges.c.member_id,
}


def _sum(column: Any) -> Any:
    return func.coalesce(func.sum(column), 0)


def _units_of(unit: Unit) -> Any:
    """The sum of what calls counted in `unit` have made."""
    kinds = [kind.value for kind, counted in UNITS.items() if counted == unit]
    return _sum(case((charges.c.kind.in_(kinds), charges.c.units), else_=0))


_FAILED: Final = _sum(case((charges.c.outcome.in_(("failed", "interrupted")), 1), else_=0))


class StatementRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def grouped(self, selection: Selection, groups: tuple[Group, ...]) -> list[Row]:
        columns = [_COLUMNS[group] for group in groups]
        sums = [
            func.count(),
            _FAILED,
            _sum(charges.c.input_tokens),
            _sum(charges.c.cached_input_tokens),
            _sum(charges.c.output_tokens),
            *(_units_of(unit) for unit in ("second", "character", "image")),
            _sum(charges.c.cost_micros),
        ]
        query = chosen(select(*columns, *sums), selection).group_by(*columns).order_by(*columns)
        async with self._database.session() as session:
            found = (await session.execute(query)).all()
        width = len(columns)
        rows: list[Row] = []
        for values in found:
            named: dict[str, Any] = dict(zip(groups, values[:width], strict=True))
            rows.append(
                Row(
                    day=named.get("day"),
                    model=named.get("model"),
                    key_id=named.get("key"),
                    member_id=named.get("member"),
                    totals=Totals(*(int(value) for value in values[width:])),
                )
            )
        return [row for row in rows if row.totals.calls]

    async def charges(
        self, selection: Selection, limit: int, before: tuple[datetime, str] | None
    ) -> list[Charge]:
        position = tuple_(charges.c.charged_at, charges.c.request_id)
        query = chosen(select(*(charges.c[name] for name in Charge._fields)), selection)
        if before is not None:
            query = query.where(position < before)
        query = query.order_by(charges.c.charged_at.desc(), charges.c.request_id.desc()).limit(limit)
        async with self._database.session() as session:
            return [Charge(*row) for row in (await session.execute(query)).all()]

    async def minutes(self, selection: Selection) -> list[Minute]:
        columns: list[Any] = [
            charges.c.charged_at,
            charges.c.outcome,
            charges.c.output_tokens,
            charges.c.cost_micros,
        ]
        buckets: dict[datetime, list[int]] = {}
        async with self._database.session() as session:
            found = (await session.execute(chosen(select(*columns), selection))).all()
        for at, outcome, tokens, cost in found:
            bucket = buckets.setdefault(at.replace(second=0, microsecond=0), [0, 0, 0, 0])
            bucket[0] += 1
            bucket[1] += outcome in ("failed", "interrupted")
            bucket[2] += tokens
            bucket[3] += cost
        return [Minute(at, *sums) for at, sums in sorted(buckets.items())]


def chosen(query: Select[*tuple[Any, ...]], selection: Selection) -> Select[*tuple[Any, ...]]:
    """Every query over charges passes here, so that none forgets its tenant."""
    query = query.where(
        charges.c.tenant_id == selection.tenant_id,
        charges.c.charged_at >= selection.start,
        charges.c.charged_at < selection.end,
    )
    for column, wanted in (
        (charges.c.model, selection.model),
        (charges.c.key_id, selection.key_id),
        (charges.c.member_id, selection.member_id),
        (charges.c.outcome, selection.outcome),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if selection.batch is not None:
        # A batch names its calls after itself: ID.LINE.ATTEMPT.
        query = query.where(charges.c.request_id.startswith(f"{selection.batch}.", autoescape=True))
    return query
