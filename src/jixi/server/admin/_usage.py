"""/api/usage and /api/charges: what was called and what it cost."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from jixi.assembly.house import House
from jixi.core.errors import problem
from jixi.core.ports import Outcome
from jixi.core.principal import Principal
from jixi.core.resources import PER_UNIT
from jixi.governance.identity import allowed
from jixi.governance.ledger import Row, Selection
from jixi.server._csv import csv_lines
from jixi.server._cursors import cursor_of, position_of
from jixi.server._inputs import Page
from jixi.server._policy import requires
from jixi.server._services import TheHouse
from jixi.wire.admin import (
    Charge,
    ChargeList,
    Instant,
    ResourceUsage,
    UsageGroup,
    UsageReport,
    UsageRow,
    UsageTotals,
)

router = APIRouter(tags=["usage"])
_Reader = Annotated[Principal, requires("usage.own")]
_ID: Final = Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,119}$")


def _selection(
    caller: _Reader,
    house: TheHouse,
    start: Annotated[
        Instant | None, Query(description="From this time on; the first of this month if left out.")
    ] = None,
    end: Annotated[
        Instant | None, Query(description="Up to but not including this time; now if left out.")
    ] = None,
    model: Annotated[str | None, _ID] = None,
    key: Annotated[str | None, _ID] = None,
    member: Annotated[str | None, _ID] = None,
    batch: Annotated[str | None, _ID] = None,
) -> Selection:
    """Charges of the caller's tenant; a role that may not read all of them reaches its own alone."""
    now = house.clock.now()
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if not allowed(caller.role, "usage.read"):
        if member not in (None, caller.member_id):
            raise problem("role_forbidden", role=caller.role.value)
        member = caller.member_id
    chosen = Selection(
        caller.tenant_id, start or first, end or now + timedelta(seconds=1), model, key, member, batch=batch
    )
    if chosen.start >= chosen.end:
        raise problem("invalid_value", param="end", reason="end is not after start")
    return chosen


_Selected = Annotated[Selection, Depends(_selection)]
_Groups = Annotated[
    list[UsageGroup],
    Query(default_factory=lambda: ["day"], max_length=4, description="Repeatable; `day` if left out."),
]


@router.get("/usage", summary="Sum up usage")
async def get_usage(caller: _Reader, selection: _Selected, house: TheHouse, group_by: _Groups) -> UsageReport:
    rows, totals = await house.statement.usage(selection, tuple(dict.fromkeys(group_by)))
    taken = await _resources(house, selection, group_by)
    compute, storage = (
        sum(each.cost_micros for each in taken if each.kind == kind) for kind in ("compute", "storage")
    )
    return UsageReport(
        rows=[_row(row) for row in rows],
        totals=UsageTotals(**totals._asdict()),
        resources=taken,
        compute_micros=compute,
        storage_micros=storage,
        total_micros=totals.cost_micros + compute + storage,
        currency=house.settings.currency,
        start=selection.start,
        end=selection.end,
    )


async def _resources(house: House, selection: Selection, groups: Sequence[UsageGroup]) -> list[ResourceUsage]:
    rows = await house.statement.resources(selection, by_day="day" in groups)
    return [
        ResourceUsage(
            **row._asdict(),
            kind="storage" if row.resource == "gb_day" else "compute",
            per_unit=PER_UNIT[row.resource],
        )
        for row in rows
    ]


def _row(row: Row) -> UsageRow:
    values: dict[str, Any] = row._asdict()
    return UsageRow(**values.pop("totals")._asdict(), **values)


@router.get(
    "/usage.csv",
    summary="Sum up usage as CSV",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "The table."}},
)
async def get_usage_csv(
    caller: _Reader, selection: _Selected, house: TheHouse, group_by: _Groups
) -> StreamingResponse:
    """Calls, then compute and storage. Cells that a spreadsheet would calculate start with an apostrophe."""
    groups = tuple(dict.fromkeys(group_by))
    rows, _ = await house.statement.usage(selection, groups)
    taken, currency = await _resources(house, selection, groups), house.settings.currency
    cells = [*(_cells(row, currency) for row in rows), *(_resource_cells(each, currency) for each in taken)]
    name = f"jixi-usage-{selection.start:%Y-%m-%d}-{selection.end:%Y-%m-%d}.csv"
    return StreamingResponse(
        csv_lines(_HEADER, cells),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


_HEADER: Final = (
    "day",
    "model",
    "key_id",
    "member_id",
    "calls",
    "failed",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "seconds",
    "characters",
    "images",
    "cost_micros",
    "currency",
    "kind",
    "resource",
    "subject",
    "name",
    "quantity",
    "per_unit",
    "price_version",
    "price_micros",
)


def _cells(row: Row, currency: str) -> Sequence[str | int | None]:
    mine = (row.day, row.model, row.key_id, row.member_id, *row.totals, currency, "calls")
    return (*mine, *(None,) * (len(_HEADER) - len(mine)))


def _resource_cells(each: ResourceUsage, currency: str) -> Sequence[str | int | None]:
    cells = each.model_dump(mode="json") | {"currency": currency}
    return [cells.get(name) for name in _HEADER]


@router.get("/charges", summary="List charges, newest first")
async def list_charges(
    caller: _Reader, selection: _Selected, page: Page, house: TheHouse, outcome: Outcome | None = None
) -> ChargeList:
    rows = await house.statement.charges(
        selection._replace(outcome=outcome),
        limit=page.limit + 1,
        before=position_of(page.cursor),
    )
    items = [Charge.model_validate(row) for row in rows[: page.limit]]
    last = items[-1] if len(rows) > page.limit else None
    return ChargeList(
        items=items, next_cursor=None if last is None else cursor_of(last.charged_at, last.request_id)
    )
