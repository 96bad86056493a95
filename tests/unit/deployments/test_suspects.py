"""What an operator does to an engine is held against no request that was with it."""

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from jixi.core.clock import SystemClock
from jixi.core.errors import JixiError
from jixi.core.principal import Scope
from jixi.models.deployments import DeploymentSpec, Fleet, RemoteFleet
from jixi.models.gateway import Call, Gateway, Limits
from tests.unit.deployments.fleets import QUICK, MakeFleet, all_ready, fixed, stub
from tests.unit.gateway.fakes import PRINCIPAL, OpenGate, RememberingMeter, chat

SLOW = json.dumps({"model": "m", "messages": chat(), "stub": {"stall_headers_s": 30}}).encode()


def revision(number: int) -> DeploymentSpec:
    return stub(scale=fixed(1), revision=number, request_scripts=True)


async def restart(fleet: Fleet, _turn: int) -> None:
    await fleet.restart("m")


async def update(fleet: Fleet, turn: int) -> None:
    await fleet.update(revision(2 + turn))


async def stop(fleet: Fleet, _turn: int) -> None:
    await fleet.halt("m")
    fleet.resume("m")


async def kill(fleet: Fleet, _turn: int) -> None:
    pid = fleet.status("m").pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(
    ("order", "third"),
    [
        (restart, "engine_error"),
        (update, "engine_error"),
        (stop, "engine_error"),
        (kill, "request_quarantined"),
    ],
)
async def test_a_request_is_quarantined_for_deaths_alone_that_nobody_ordered(
    make_fleet: MakeFleet, order: Callable[[Fleet, int], Awaitable[None]], third: str, *, shared: bool
) -> None:
    """`shared`: the calls come from another process than the one that runs the engines."""
    fleet = make_fleet(replace(QUICK, drain_s=0.1), shared=shared)
    remote = RemoteFleet(SystemClock())
    router = remote if shared else fleet
    limits = Limits(retries=0, breaker=0)
    gateway = Gateway([router], OpenGate(), RememberingMeter(), SystemClock(), limits=limits)
    await fleet.start([revision(1)])
    codes, pids = list[str](), list[int | None]([None])
    for turn in range(3):
        status = await fleet.until("m", lambda now: all_ready(1)(now) and now.pid not in pids)
        pids.append(status.pid)
        remote.update(fleet.served())
        (replica,) = router.replicas("m")
        call = Call(principal=PRINCIPAL, kind=Scope.CHAT, body=SLOW, request_id=f"req_{turn}")
        answer = asyncio.create_task(gateway.open(call))
        while not replica.in_flight and not answer.done():
            await asyncio.sleep(0)
        if not answer.done():
            # Who is answered after it knows that the engine has it.
            await (await replica.client.send("/health", method="GET")).read()
            await order(fleet, turn)
        with pytest.raises(JixiError) as raised:
            await answer
        codes.append(raised.value.code)
    assert codes == ["engine_error", "engine_error", third]
    await gateway.close()
    await remote.close()
