"""Who calls a model that is not ready is told what helps in that state, here and in the processes beside."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from jixi.core.errors import JixiError
from jixi.models.deployments import Fleet, Reason, RemoteFleet, Scale
from tests.clocks import FrozenClock
from tests.unit.deployments.fleets import QUICK, Bytes, MakeFleet, stub


async def stopped(fleet: Fleet) -> None:
    await fleet.start([stub()])
    await fleet.halt("m")


async def failed(fleet: Fleet) -> None:
    await fleet.start([stub(exit_at_start=3)])
    await fleet.until("m")


async def pulling(fleet: Fleet) -> None:
    fleet.expect(stub(), "pulling", Reason("downloading", {"done": 1, "total": 2}))


async def starting(fleet: Fleet) -> None:
    await fleet.start([stub(ready_after_s=60)])
    await fleet.until("m", lambda now: now.state == "starting")


async def lacking(fleet: Fleet) -> None:
    await fleet.start([replace(stub(), memory_bytes=2)])
    await fleet.until("m", lambda now: now.reason is not None)


async def asleep(fleet: Fleet) -> None:
    await fleet.start([stub(scale=Scale(least=0))])


@pytest.mark.parametrize(
    ("bring", "state", "helps"),
    [
        (stopped, "stopped", "jixi deployments start"),
        (failed, "failed", "why it failed"),
        (pulling, "pulling", "how far that is"),
        (starting, "starting", "is being started"),
        (lacking, "waiting for room", "enough memory"),
        (asleep, "asleep", "Your call starts it"),
    ],
)
async def test_a_refusal_tells_the_state_and_what_helps_then(
    make_fleet: MakeFleet, bring: Callable[[Fleet], Coroutine[Any, Any, None]], state: str, helps: str
) -> None:
    fleet = make_fleet(QUICK, room=Bytes(1))
    await bring(fleet)
    remote = RemoteFleet(FrozenClock())
    remote.update(fleet.served())
    for ways in (fleet, remote):
        with pytest.raises(JixiError) as refused:
            ways.replicas("m")
        error = refused.value
        assert (error.code, error.facts["state"]) == ("model_unavailable", state)
        assert helps in error.remedy("en")
        assert (error.retry_after is None) == (state in ("stopped", "failed"))
