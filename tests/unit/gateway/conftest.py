"""A gateway before a stub engine, and one before an engine that says what a test wants byte by byte."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jixi.models.engines import EngineClient, StubEngine
from jixi.models.gateway import Limits
from tests.unit.gateway.fakes import ONCE, House, OneReplica, ScriptedEngine, scripted_engine, stub_client


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Before a stub that obeys the field `stub` of each request."""
    async with stub_client(tmp_path, request_scripts=True) as client:
        made = House(OneReplica(client, StubEngine.profile))
        yield made
        await made.gateway.close()
        assert made.replica.in_flight == 0


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[ScriptedEngine]:
    async with scripted_engine(tmp_path) as made:
        yield made


@pytest.fixture
def limits() -> Limits:
    """Override to make time short."""
    return ONCE


@pytest.fixture
async def scripted(engine: ScriptedEngine, limits: Limits) -> AsyncIterator[House]:
    """Before the scripted engine."""
    client = EngineClient(engine.path)
    made = House(OneReplica(client, StubEngine.profile), limits)
    yield made
    await made.gateway.close()
    await client.close()
    assert made.replica.in_flight == 0
