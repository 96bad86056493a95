"""GET /api/metrics: for Prometheus."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response

from jixi.core.principal import Principal
from jixi.server._policy import requires
from jixi.server._services import TheHouse
from jixi.telemetry import METRICS_TYPE

router = APIRouter(prefix="/metrics", tags=["house"])


@router.get(
    "",
    summary="Metrics of this process",
    response_class=Response,
    responses={200: {"content": {METRICS_TYPE.partition(";")[0]: {"schema": {"type": "string"}}}}},
)
async def get_metrics(_caller: Annotated[Principal, requires("metrics.read")], house: TheHouse) -> Response:
    """Prometheus' text format: calls, tokens, money, times, deployments. Scrape it with a platform admin's key."""
    return Response(house.metrics.render(), media_type=METRICS_TYPE)
