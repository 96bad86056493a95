"""The tables of samples and holdings, and the sums over them, which the database makes."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Float,
    MetaData,
    String,
    Subquery,
    Table,
    case,
    delete,
    func,
    select,
)

from jixi.compute.history._values import GAP_S, PACE_S, Holding, Point, Sample, Series, Span, Stay, instant
from jixi.storage import Database, execute_rows

_METADATA = MetaData()
samples = Table(
    "node_samples",
    _METADATA,
    Column("at", BigInteger, primary_key=True),
    Column("node", String, primary_key=True),
    Column("place", String, primary_key=True),
    Column("model", String),
    Column("memory_bytes", BigInteger, nullable=False),
    Column("used_bytes", BigInteger, nullable=False),
    Column("utilisation", Float),
    Column("power_w", Float),
)
holdings = Table(
    "node_holdings",
    _METADATA,
    Column("at", BigInteger, primary_key=True),
    Column("node", String, primary_key=True),
    Column("place", String, primary_key=True),
    Column("deployment", String, primary_key=True),
    Column("held_bytes", BigInteger, nullable=False),
)
# The time is part of the key, and times are multiples of the pace: of several processes on a node one writes each.
_INSERT_SAMPLES: Final = (
    "INSERT INTO node_samples (at, node, place, model, memory_bytes, used_bytes, utilisation, power_w)"
    " VALUES {rows} ON CONFLICT (at, node, place) DO NOTHING"
)
_INSERT_HOLDINGS: Final = (
    "INSERT INTO node_holdings (at, node, place, deployment, held_bytes)"
    " VALUES {rows} ON CONFLICT (at, node, place, deployment) DO NOTHING"
)
_MOST_STAYS: Final = 2000
_SLICE_S: Final = 3600


class HistoryRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, taken: Sequence[Sample], held: Sequence[Holding]) -> None:
        """A sample that is there already stays as it is."""
        async with self._database.session() as session:
            connection = await session.connection()
            for statement, some in ((_INSERT_SAMPLES, taken), (_INSERT_HOLDINGS, held)):
                if some:
                    await connection.run_sync(execute_rows, statement, some)

    async def forget_before(self, then: int) -> None:
        """In slices, each a transaction: whoever writes meanwhile waits for no more than one."""
        for table in (holdings, samples):
            while await self._forget_slice(table, then):
                pass

    async def _forget_slice(self, table: Table, then: int) -> bool:
        """The oldest; whether there was one."""
        async with self._database.session() as session:
            oldest = (await session.execute(select(func.min(table.c.at)))).scalar()
            if oldest is None or oldest >= then:
                return False
            await session.execute(delete(table).where(table.c.at < min(then, oldest + _SLICE_S)))
            return True

    async def knows(self, node: str) -> bool:
        query = select(samples.c.at).where(samples.c.node == node).limit(1)
        async with self._database.session() as session:
            return (await session.execute(query)).first() is not None

    async def series(self, node: str, span: Span) -> list[Series]:
        """By place, in the order of their names."""
        pairs = _pairs(node, span)
        slot = (pairs.c.at - span.start) // span.step_s
        query = (
            select(
                pairs.c.place,
                slot.label("slot"),
                func.max(pairs.c.model),
                func.max(pairs.c.memory_bytes),
                func.avg(pairs.c.utilisation),
                func.max(pairs.c.used_bytes),
                func.avg(pairs.c.power_w),
                func.sum(pairs.c.joules),
                func.sum(pairs.c.measured_s),
            )
            .where(pairs.c.at < span.end)
            .group_by(pairs.c.place, slot)
            .order_by(pairs.c.place, slot)
        )
        found: dict[str, Series] = {}
        async with self._database.session() as session:
            for place, number, model, memory, *facts in (await session.execute(query)).all():
                known = found.get(place)
                points = known.points if known is not None else []
                points.append(_point(span, number, *facts))
                found[place] = Series(place, model, memory, points)
        return list(found.values())

    async def stays(self, node: str, span: Span, now: int) -> list[Stay]:
        """The newest, in the order in which they began. What is seen again within the gap has not ended between."""
        islands = _islands(node, span)
        last = func.max(islands.c.at)
        query = (
            select(
                islands.c.deployment,
                islands.c.place,
                func.min(islands.c.at),
                last,
                func.max(islands.c.held_bytes),
            )
            .group_by(islands.c.place, islands.c.deployment, islands.c.island)
            .having(func.min(islands.c.at) < span.end)
            .order_by(last.desc(), islands.c.place, islands.c.deployment)
            .limit(_MOST_STAYS)
        )
        newest = select(func.max(samples.c.at)).where(samples.c.node == node, samples.c.at <= span.end)
        async with self._database.session() as session:
            seen = max((await session.execute(newest)).scalar() or 0, min(now, span.end) - GAP_S)
            rows = (await session.execute(query)).all()
        return sorted((_stay(span, seen, *row) for row in rows), key=lambda stay: stay.began_at)


def _pairs(node: str, span: Span) -> Subquery:
    """Each sample with what lies between it and the next of its place: seconds whose power is known at both ends, and
    their energy by the trapezoid rule. It counts where it begins, so that spans side by side add up.
    """
    window: dict[str, Any] = {"partition_by": samples.c.place, "order_by": samples.c.at}
    seconds = func.lead(samples.c.at).over(**window) - samples.c.at
    watts = (samples.c.power_w + func.lead(samples.c.power_w).over(**window)) / 2
    known = (seconds <= GAP_S) & watts.is_not(None)
    return _within(
        samples,
        node,
        span,
        case((known, watts * seconds)).label("joules"),
        case((known, seconds), else_=0).label("measured_s"),
    )


def _islands(node: str, span: Span) -> Subquery:
    """Each holding with the number of the stay that it belongs to."""
    window: dict[str, Any] = {
        "partition_by": (holdings.c.place, holdings.c.deployment),
        "order_by": holdings.c.at,
    }
    apart = (holdings.c.at - func.lag(holdings.c.at).over(**window)).label("apart")
    seen = _within(holdings, node, span, apart)
    window = {"partition_by": (seen.c.place, seen.c.deployment), "order_by": seen.c.at}
    begins = case((seen.c.apart > GAP_S, 1), else_=0)
    return select(*seen.c, func.sum(begins).over(**window).label("island")).subquery()


def _within(table: Table, node: str, span: Span, *besides: ColumnElement[Any]) -> Subquery:
    """Every query over a table passes here, so that none forgets its node; with the row at the span's very end."""
    chosen = (table.c.node == node) & (table.c.at >= span.start) & (table.c.at <= span.end)
    return select(*table.c, *besides).where(chosen).subquery()


def _point(
    span: Span,
    number: int,
    utilisation: float | None,
    used: int,
    power: float | None,
    joules: float | None,
    measured: int,
) -> Point:
    return Point(instant(span.start + number * span.step_s), utilisation, used, power, joules, int(measured))


def _stay(span: Span, newest: int, deployment: str, place: str, began: int, last: int, held: int) -> Stay:
    """`newest`: what was seen then or later was there at the end."""
    ended = min(last + PACE_S, span.end)
    return Stay(deployment, place, instant(began), instant(ended), held, last >= newest)
