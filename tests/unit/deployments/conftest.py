"""Fleets that are stopped when their test ends."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from jixi.compute.drivers import ProcessDriver
from jixi.core.clock import SystemClock
from jixi.models.deployments import Fleet, Patience
from jixi.models.engines import engine_registry
from tests.unit.deployments.fleets import QUICK, MakeFleet


@pytest.fixture
async def make_fleet(tmp_path: Path) -> AsyncIterator[MakeFleet]:
    made = list[Fleet]()

    def make(patience: Patience = QUICK, run_dir: Path = tmp_path, **more: Any) -> Fleet:
        made.append(Fleet(ProcessDriver(), engine_registry(), run_dir, SystemClock(), patience, **more))
        return made[-1]

    yield make
    for fleet in made:
        await fleet.stop()
