"""/api/plans: what training or serving a model takes, lasts and costs. Pure calculation; nothing is kept."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from jixi.core.principal import Principal
from jixi.server import plans
from jixi.server._errors import errors
from jixi.server._policy import requires
from jixi.server._scope import language_of
from jixi.server._services import TheHouse, ThePrinting
from jixi.server.admin._models import viewer_of
from jixi.wire import admin

router = APIRouter(prefix="/plans", tags=["plans"])
_Reader = Annotated[Principal, requires("plans.read")]
_REFUSED: Final = errors(
    "not_found",
    "planner_chip_unknown",
    "invalid_value",
    "planner_choice_unknown",
    "planner_value_out_of_range",
    "planner_values_contradict",
    "planner_value_missing",
    "planner_facts_missing",
    "planner_does_not_fit",
    "planner_target_unreachable",
)


async def _desk(caller: _Reader, house: TheHouse, request: Request) -> plans.Desk:
    shelf = await house.registry.shelf(viewer_of(caller))
    return plans.Desk(chips=house.chips, find=shelf.get, language=language_of(request.scope))


_Desk = Annotated[plans.Desk, Depends(_desk)]


@router.post("/training", summary="Plan a training run", responses=_REFUSED)
async def plan_training(body: admin.TrainingPlanRequest, caller: _Reader, desk: _Desk) -> admin.TrainingPlan:
    """Operations, memory by layout, days, energy, carbon and cost, each with its formula and source."""
    return await asyncio.to_thread(plans.train, desk, body)


@router.post("/serving", summary="Plan the serving of a model", responses=_REFUSED)
async def plan_serving(body: admin.ServingPlanRequest, caller: _Reader, desk: _Desk) -> admin.ServingPlan:
    """Accelerators, speed and cost for so many users, or the users for so many accelerators."""
    return await asyncio.to_thread(plans.serve, desk, body)


@router.post("/comparison", summary="Compare ways to serve a model", responses=_REFUSED)
async def plan_comparison(
    body: admin.ComparisonPlanRequest, caller: _Reader, desk: _Desk
) -> admin.ComparisonPlan:
    """Own hardware, rented, a provider's API, devices at the edge: a month's cost, and where the order turns."""
    return await asyncio.to_thread(plans.compare, desk, body)


_Format = Annotated[plans.Format, Query(description="A workbook whose formulas go on working, or a PDF.")]


@dataclass(frozen=True, slots=True)
class _Printer:
    """Makes one file at a time of all that are asked for."""

    house: TheHouse
    desk: _Desk
    printing: ThePrinting
    format: _Format

    async def __call__(self, plan: plans.Plan) -> Response:
        async with self.printing:
            made = await asyncio.to_thread(
                plans.export, plan, self.format, self.desk.language, self.house.clock.now()
            )
        return Response(
            made.content,
            media_type=made.media_type,
            headers={
                "Content-Disposition": f'attachment; filename="{made.name}"',
                "Cache-Control": "no-store",
            },
        )


_ThePrinter = Annotated[_Printer, Depends()]
_FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file, in the reader's language.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}} for kind in plans.FORMATS.values()
        },
    },
    **_REFUSED,
}
_FILE: Final[dict[str, Any]] = {"response_class": Response, "responses": _FILES}


@router.post("/training/export", summary="Plan a training run, as a file", **_FILE)
async def export_training(
    body: admin.TrainingPlanRequest,
    caller: _Reader,
    desk: _Desk,
    printer: _ThePrinter,
) -> Response:
    """Every figure with its formula and source, charts and a summary."""
    return await printer(await asyncio.to_thread(plans.train, desk, body))


@router.post("/serving/export", summary="Plan the serving of a model, as a file", **_FILE)
async def export_serving(
    body: admin.ServingPlanRequest,
    caller: _Reader,
    desk: _Desk,
    printer: _ThePrinter,
) -> Response:
    """Every figure with its formula and source, charts and a summary."""
    return await printer(await asyncio.to_thread(plans.serve, desk, body))


@router.post("/comparison/export", summary="Compare ways to serve a model, as a file", **_FILE)
async def export_comparison(
    body: admin.ComparisonPlanRequest,
    caller: _Reader,
    desk: _Desk,
    printer: _ThePrinter,
) -> Response:
    """Every figure with its formula and source, a chart and a summary."""
    return await printer(await asyncio.to_thread(plans.compare, desk, body))
