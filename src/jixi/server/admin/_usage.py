"""/api/usage and /api/charges: what was called and what it cost."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from jixi.core.ports import Outcome
from jixi.core.principal import Principal
from jixi.server._inputs import Page
from jixi.server._policy import requires
from jixi.wire.admin import ChargeList, Instant, UsageGroup, UsageReport

router = APIRouter(tags=["usage"])
_Reader = Annotated[Principal, requires("usage.own")]
_Filter = Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,119}$")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Selection:
    start: Instant | None
    end: Instant | None
    model: str | None
    key: str | None
    member: str | None


def _selection(
    start: Annotated[
        Instant | None, Query(description="From this time on; the first of this month if left out.")
    ] = None,
    end: Annotated[
        Instant | None, Query(description="Up to but not including this time; now if left out.")
    ] = None,
    model: Annotated[str | None, _Filter] = None,
    key: Annotated[str | None, _Filter] = None,
    member: Annotated[str | None, _Filter] = None,
) -> _Selection:
    return _Selection(start=start, end=end, model=model, key=key, member=member)


_Selected = Annotated[_Selection, Depends(_selection)]
_Groups = Annotated[
    list[UsageGroup],
    Query(default_factory=lambda: ["day"], max_length=4, description="Repeatable; `day` if left out."),
]


@router.get("/usage", summary="Sum up usage")
async def get_usage(caller: _Reader, selection: _Selected, group_by: _Groups) -> UsageReport:
    raise NotImplementedError


@router.get(
    "/usage.csv",
    summary="Sum up usage as CSV",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def get_usage_csv(caller: _Reader, selection: _Selected, group_by: _Groups) -> StreamingResponse:
    raise NotImplementedError


@router.get("/charges", summary="List charges, newest first")
async def list_charges(
    caller: _Reader, selection: _Selected, page: Page, outcome: Outcome | None = None
) -> ChargeList:
    raise NotImplementedError
