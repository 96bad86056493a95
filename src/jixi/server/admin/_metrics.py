"""GET /api/metrics: for Prometheus."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response

from jixi.core.principal import Principal
from jixi.server._policy import requires
from jixi.server._services import TheHouse, TheMetricsElsewhere
from jixi.telemetry import METRICS_TYPE, merged_metrics

router = APIRouter(prefix="/metrics", tags=["house"])


@router.get(
    "",
    summary="Metrics of this server",
    response_class=Response,
    responses={200: {"content": {METRICS_TYPE.partition(";")[0]: {"schema": {"type": "string"}}}}},
)
async def get_metrics(
    _caller: Annotated[Principal, requires("metrics.read")], house: TheHouse, elsewhere: TheMetricsElsewhere
) -> Response:
    """Prometheus' text format: calls, tokens, money, times, deployments. Scrape it with a platform admin's key.

    Where the server has several processes, each sample says in its label `process` which one counted it.
    """
    text = house.metrics.render()
    if others := await elsewhere():
        text = merged_metrics({"house": text, **others})
    return Response(text, media_type=METRICS_TYPE)
