"""Calls for a model that sleeps wait in a bounded line, in turns, and no longer than they must."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import pytest

from jixi.core.errors import JixiError
from jixi.models.gateway import Limits
from jixi.models.gateway.routing import Waking


class Sleeper:
    """Has one model that sleeps until it is told to stand up."""

    kind: Final = "deployment"

    def __init__(self) -> None:
        self.up = asyncio.Event()
        self.woken = 0

    def listings(self) -> Sequence[Any]:
        return []

    def replicas(self, model: str) -> tuple[Any, ...]:
        return ()

    def awaited(self, model: str) -> bool:
        return not self.up.is_set()

    async def wake(self, model: str) -> bool:
        self.woken += 1
        await self.up.wait()
        return True


async def test_all_who_wait_have_it_woken_once_and_tenants_take_turns() -> None:
    sleeper, order = Sleeper(), list[str]()
    waking = Waking([sleeper], Limits())

    async def call(tenant: str) -> None:
        await waking.wait("m", tenant, batch=False)
        order.append(tenant)

    calls = [asyncio.create_task(call(tenant)) for tenant in ("a", "a", "a", "b", "b")]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (waking.waiting("m"), waking.waiting_of("a"), sleeper.woken) == (5, 3, 1)
    sleeper.up.set()
    await asyncio.wait(calls)
    assert order == ["a", "b", "a", "b", "a"]
    assert waking.waiting("m") == 0


async def test_nobody_may_take_the_whole_line() -> None:
    waking = Waking([Sleeper()], Limits(waiting=2))
    calls = [asyncio.create_task(waking.wait("m", "a", batch=False)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(JixiError) as refused:
        await waking.wait("m", "a", batch=False)
    assert (refused.value.code, bool(refused.value.retry_after)) == ("overloaded", True)
    calls.append(asyncio.create_task(waking.wait("m", "b", batch=False)))
    await asyncio.sleep(0)
    with pytest.raises(JixiError) as refused:
        await waking.wait("m", "b", batch=False)
    assert refused.value.code == "share_used_up"
    await waking.close()
    await asyncio.wait(calls)


async def test_who_leaves_is_out_of_the_line_at_once_and_who_waits_too_long_is_let_go() -> None:
    waking = Waking([Sleeper()], Limits(wake_s=0.01))
    left = asyncio.create_task(waking.wait("m", "a", batch=False))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.wait({left})
    assert waking.waiting("m") == 0
    async with asyncio.timeout(60):
        await waking.wait("m", "a", batch=False)
    assert waking.waiting("m") == 0
    await waking.close()
