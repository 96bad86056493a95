"""How much models were used, and when most: what capacity is planned from."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import case, extract, func, literal, select, union_all

from jixi.core.principal import Scope
from jixi.governance.ledger._records import charges
from jixi.governance.ledger._records_statement import chosen
from jixi.governance.ledger._values import Selection, Use
from jixi.storage import Database

_WRITING: Final = charges.c.kind.in_((Scope.CHAT.value, Scope.COMPLETIONS.value))
# What the response cache gave again was no work for an engine, and what failed says nothing of the usual length.
_ANSWERED: Final = (charges.c.outcome == "ok") & charges.c.replayed.is_(False)
# Batches wait until there is room: they make no peak.
_AT_ONCE: Final = charges.c.tier != "batch"


class UseRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_model(self, selection: Selection) -> list[Use]:
        """Models with at least one answered call, the one with the most first."""
        minutes = dict(await self._rows(_busiest_minutes(selection)))
        running = dict(await self._rows(_most_running(selection)))
        # Of several, the last that is put in stays: who answered most comes last.
        targets = {model: target for model, target, _ in await self._rows(_targets(selection))}
        uses = list[Use]()
        for model, *sums, first_at in await self._rows(_sums(selection)):
            peak = int(minutes.get(model, 0))
            # A call that ends when it begins was on the way too.
            most = max(min(1, peak), int(running.get(model, 0)))
            uses.append(Use._make((model, targets[model], *map(int, sums), first_at, peak, most)))
        return uses

    async def _rows(self, query: Any) -> Sequence[Any]:
        async with self._database.session() as session:
            return [tuple(row) for row in (await session.execute(query)).all()]


def _sums(selection: Selection) -> Any:
    answered = [case((_ANSWERED, column)) for column in (1, charges.c.member_id, charges.c.opened_at)]
    tokens = [
        func.sum(case((_ANSWERED, column), else_=0))
        for column in (charges.c.input_tokens, charges.c.cached_input_tokens, charges.c.output_tokens)
    ]
    calls = func.count(answered[0])
    sums = (
        calls,
        func.count(answered[1].distinct()),
        *tokens,
        func.sum(charges.c.cost_micros),
        func.min(answered[2]),
    )
    query = chosen(select(charges.c.model, *sums), selection).where(_WRITING)
    return query.group_by(charges.c.model).having(calls > 0).order_by(calls.desc(), charges.c.model)


def _answered(columns: Sequence[Any], selection: Selection) -> Any:
    return chosen(select(*columns), selection).where(_WRITING, _ANSWERED)


def _targets(selection: Selection) -> Any:
    """Who answered under each name, the one who did most last."""
    columns = (charges.c.model, charges.c.target)
    query = _answered((*columns, func.count()), selection)
    return query.group_by(*columns).order_by(func.count(), charges.c.target)


def _busiest_minutes(selection: Selection) -> Any:
    second: Any = extract("epoch", charges.c.opened_at)
    minute = (second - second % 60).label("minute")
    query = _answered((charges.c.model, minute, func.count().label("calls")), selection)
    counted = query.where(_AT_ONCE).group_by(charges.c.model, minute).subquery()
    return select(counted.c.model, func.max(counted.c.calls)).group_by(counted.c.model)


def _most_running(selection: Selection) -> Any:
    """Calls that came less calls that went, summed up in the order of time; who goes makes room first."""
    steps = union_all(
        *(
            _answered((charges.c.model, at.label("at"), literal(step).label("step")), selection).where(
                _AT_ONCE
            )
            for at, step in ((charges.c.opened_at, 1), (charges.c.charged_at, -1))
        )
    ).subquery()
    running = func.sum(steps.c.step).over(
        partition_by=steps.c.model, order_by=(steps.c.at, steps.c.step), rows=(None, 0)
    )
    summed = select(steps.c.model, running.label("running")).subquery()
    return select(summed.c.model, func.max(summed.c.running)).group_by(summed.c.model)
