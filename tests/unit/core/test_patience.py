"""Limits of time that share their timers."""

import asyncio

import pytest

from jixi.core.patience import Patience

_FOR_EVER_S = 600


async def test_what_takes_too_long_ends_in_a_timeout() -> None:
    with pytest.raises(TimeoutError), Patience(0.01):
        await asyncio.Event().wait()
    # Nothing of it is left behind: the task goes on.
    assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]
    await asyncio.sleep(0)


@pytest.mark.parametrize("seconds", [0, -1])
async def test_no_time_at_all_is_over_at_the_first_wait(seconds: float) -> None:
    with pytest.raises(TimeoutError), Patience(seconds):
        await asyncio.Event().wait()


async def test_what_ends_in_time_is_let_be() -> None:
    with Patience(_FOR_EVER_S):
        await asyncio.sleep(0)


async def test_many_limits_ring_together_and_each_ends_its_own_task() -> None:
    async def waits(seconds: float) -> str:
        try:
            with Patience(seconds):
                await (asyncio.Event().wait() if seconds < 1 else asyncio.sleep(0))
        except TimeoutError:
            return "rang"
        return "done"

    async with asyncio.timeout(20):
        found = await asyncio.gather(*(waits(0.01 if each % 2 else _FOR_EVER_S) for each in range(100)))
    assert found == ["done", "rang"] * 50


async def test_the_inner_of_two_limits_does_not_pass_for_the_outer_one() -> None:
    told: list[str] = []
    with Patience(_FOR_EVER_S):
        try:
            with Patience(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            told.append("inner")
        await asyncio.sleep(0)
    assert told == ["inner"]


async def test_somebody_else_s_cancellation_is_no_timeout() -> None:
    async def waits() -> None:
        with Patience(_FOR_EVER_S):
            await asyncio.Event().wait()

    task = asyncio.create_task(waits())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_failure_is_told_as_it_is() -> None:
    with pytest.raises(KeyError), Patience(_FOR_EVER_S):
        raise KeyError
