"""A hub, and stores that know it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from jixi.compute.drivers import ProcessDriver
from jixi.models.sources import ModelStore
from jixi.models.sources.outside import Egress, Outside, sources_of
from tests.unit.sources.hub import ScriptedHub, running_hub

MakeStore = Callable[..., ModelStore]


@pytest.fixture
async def hub() -> AsyncIterator[ScriptedHub]:
    async with running_hub() as running:
        yield running


@pytest.fixture
async def make_store(hub: ScriptedHub, tmp_path: Path) -> AsyncIterator[MakeStore]:
    """Stores in one folder, whose hubs are all the local one."""
    made: list[Egress] = []

    def make(
        *, allowed: frozenset[str] = frozenset({"127.0.0.1"}), folder: str = "models", **more: Any
    ) -> ModelStore:
        egress = Egress(allowed)
        made.append(egress)
        mirrors = {"huggingface": hub.address, "modelscope": hub.address}
        outside = Outside(egress=egress, driver=ProcessDriver(), mirrors=mirrors, **more)
        return ModelStore(tmp_path / folder, sources_of(outside))

    yield make
    for egress in made:
        await egress.close()
