"""A caller leaves a vendor that charges for whole answers: it is read on, and charged as the vendor counts."""

import asyncio
from typing import Any

import pytest

from jixi.core.ports import Settlement
from jixi.core.usage import Usage
from jixi.models.gateway import Limits
from tests.unit.gateway.fakes import House, chat

TOKENS = 12
SLOWLY: dict[str, Any] = {"drip_ms": 15}
LATE: dict[str, Any] = {"stall_headers_s": 0.15}
FOR_EVER: dict[str, Any] = {"drip_ms": 60_000}


@pytest.fixture
def drained(house: House) -> House:
    house.replica.drains = True
    return house


async def leave(house: House, script: dict[str, Any], request_id: str = "req_1", **fields: Any) -> None:
    """Begin a call and leave once the engine has it; a stream that comes at once, after its first block."""
    body: dict[str, Any] = {"messages": chat(), "max_tokens": TOKENS, "stub": script, **fields}
    before = house.replica.in_flight
    call = asyncio.create_task(house.open(request_id=request_id, **body))
    if body.get("stream") and script is SLOWLY:
        stream = (await call).stream
        assert stream is not None
        await anext(stream)
        await stream.aclose()
        return
    while house.replica.in_flight == before:
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def settled(house: House, request_id: str = "req_1") -> Settlement:
    async with asyncio.timeout(60):
        return await house.meter.settlement(request_id)


@pytest.mark.parametrize("choices", [1, 2])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("script", [SLOWLY, LATE], ids=["amid the answer", "before the answer"])
async def test_the_rest_is_read_and_charged_by_the_vendors_count(
    drained: House, script: dict[str, Any], stream: bool, choices: int
) -> None:
    await leave(drained, script, stream=stream, n=choices)
    assert drained.replica.in_flight == choices, "its places are free too early"
    assert drained.gateway.draining == 1
    told = await settled(drained)
    assert (told.outcome, told.usage.output_tokens) == ("cancelled", TOKENS * choices)
    assert not told.usage.estimated
    assert (drained.replica.in_flight, drained.gateway.draining) == (0, 0)


@pytest.mark.parametrize("stream", [True, False])
async def test_one_more_than_may_be_read_on_is_stopped(house: House, stream: bool) -> None:
    made = House(house.replica, Limits(retries=0, breaker=0, drains=1))
    made.replica.drains = True
    await leave(made, SLOWLY, "req_1", stream=stream)
    await leave(made, SLOWLY, "req_2", stream=stream)
    assert (made.replica.in_flight, made.gateway.draining) == (1, 1)
    stopped = await settled(made, "req_2")
    assert stopped.usage.estimated
    assert stopped.usage.input_tokens > 0
    assert stopped.usage.output_tokens < TOKENS
    assert (await settled(made)).usage.output_tokens == TOKENS


@pytest.mark.parametrize("stream", [True, False])
async def test_what_takes_too_long_is_stopped_and_charged_as_far_as_it_was_seen(
    house: House, stream: bool
) -> None:
    made = House(house.replica, Limits(retries=0, breaker=0, drain_s=0.1))
    made.replica.drains = True
    await leave(made, FOR_EVER, stream=stream)
    told = await settled(made)
    assert (told.outcome, told.usage.output_tokens, told.usage.estimated) == ("cancelled", 0, True)
    assert told.usage.input_tokens > 0
    await made.gateway.close()
    assert made.replica.in_flight == 0


async def test_the_end_of_the_gateway_ends_what_is_read_for_nobody(drained: House) -> None:
    await leave(drained, FOR_EVER, "req_1", stream=True)
    await leave(drained, FOR_EVER, "req_2")
    async with asyncio.timeout(60):
        await drained.gateway.close()
    assert set(drained.meter.settled) == {"req_1", "req_2"}
    assert all(each.usage.input_tokens for each in drained.meter.settled.values())
    assert drained.replica.in_flight == 0


@pytest.mark.parametrize("stream", [True, False])
async def test_a_vendor_that_fails_before_it_has_said_anything_costs_nothing(
    drained: House, stream: bool
) -> None:
    await leave(drained, {"stall_headers_s": 0.1, "status": 500}, stream=stream)
    told = await settled(drained)
    assert (told.outcome, told.usage) == ("cancelled", Usage())


async def test_who_leaves_the_line_was_never_sent(drained: House) -> None:
    body: dict[str, Any] = {"messages": chat(), "max_tokens": TOKENS, "stub": SLOWLY}
    running = [
        asyncio.create_task(drained.open(request_id=f"req_{number}", **body))
        for number in range(drained.replica.spec.parallel)
    ]
    while drained.replica.in_flight < len(running):
        await asyncio.sleep(0)
    waiting = asyncio.create_task(drained.open(request_id="req_w", stream=True, **body))
    while not drained.gateway.waiting("ten_1"):
        await asyncio.sleep(0)
    waiting.cancel()
    assert (await settled(drained, "req_w")).usage == Usage()
    assert (drained.gateway.draining, drained.gateway.waiting("ten_1")) == (0, 0)
    await asyncio.gather(*running)
