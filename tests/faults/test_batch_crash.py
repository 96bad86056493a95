"""F10 for batches: a server that dies at any step of a batch ends it after its restart, each line paid for once."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.faults.batch_kills import request
from tests.faults.ground import Ground, ground
from tests.faults.test_crash import let_leases_run_out

LINES = 2
MOST_BOUNDARIES = 2000
SETTINGS = 'ledger_writer = "thread"\njob_lease_s = 1\n'
ENDPOINT = "/v1/chat/completions"


@pytest.mark.timeout(3600)
async def test_a_batch_that_dies_at_any_step_of_the_database_has_each_line_paid_for_once(
    tmp_path: Path, sized: Callable[[int, int], int], report: Callable[[str], None]
) -> None:
    died, paid = 0, Counter[tuple[str, int]]()
    with ground(tmp_path, module="tests.faults.crashing", settings=SETTINGS) as world:
        for step in range(1, MOST_BOUNDARIES, sized(60, 2)):
            await asyncio.to_thread(_one_batch, world, step)
            if world.server.process.poll() is None:
                break
            died += 1
            world.killed["server"] += 1
            let_leases_run_out(world.database)
            await asyncio.to_thread(world.restart)
            await asyncio.to_thread(world.ready, "stub")
            await asyncio.to_thread(world.until, lambda: _all_done(world), 60, f"not done after step {step}")
            await asyncio.to_thread(world.until_nothing_is_held, 20)
            paid = _paid(world)
            assert set(paid.values()) <= {1}, step
            assert {name for name, _ in paid} == set(_batches(world)), step
            assert len(paid) == LINES * len(_batches(world)), step
            assert await world.discrepancies() == [], step
        else:
            pytest.fail(f"no run of {MOST_BOUNDARIES} came to its end")
        (world.home / "crash-at").unlink()
        batches, made = _batches(world), world.made()
    report(
        f"died at {died} steps, then a clean run; {len(batches)} batches, {len(made)} requests at the engine"
    )
    assert died >= sized(2, 20), "a batch has too few steps to be true"
    assert len(made) >= LINES * len(batches)
    assert len(batches) > died / 4, "most died before there was a batch"


def _one_batch(world: Ground, step: int) -> None:
    """Ask for a batch of a server that is to die at `step`, and return when it is dead or the batch has ended."""
    (world.home / "crash-at").write_text(str(step))
    text = "".join(json.dumps(request(number)) + "\n" for number in range(1, LINES + 1))
    try:
        upload, purpose = {"file": ("in.jsonl", text.encode())}, {"purpose": "batch"}
        file = world.admin.post("/v1/files", files=upload, data=purpose).json()
        wanted = {"input_file_id": file["id"], "endpoint": ENDPOINT, "completion_window": "24h"}
        world.admin.post("/v1/batches", json=wanted)
    except httpx2.TransportError:
        world.server.process.wait(30)
    world.until(lambda: world.server.process.poll() is not None or _all_done(world), 60, "no end")


def _batches(world: Ground) -> dict[str, str]:
    """The state of each batch."""
    found: dict[str, str] = {}
    more = True
    while more:
        page: dict[str, Any] = {"limit": 100} | ({"after": list(found)[-1]} if found else {})
        answer = world.admin.get("/v1/batches", params=page).json()
        found |= {each["id"]: each["status"] for each in answer["data"]}
        more = answer["has_more"]
    return found


def _all_done(world: Ground) -> bool:
    try:
        return set(_batches(world).values()) <= {"completed"}
    except httpx2.TransportError:
        return False


def _paid(world: Ground) -> Counter[tuple[str, int]]:
    """How often each line of each batch was paid for."""
    found: list[Any] = [(name.split("."), charge) for name, charge in world.charges().items()]
    return Counter((parts[0], int(parts[1])) for parts, charge in found if charge.micros)
