"""How many calls of batches a model gets: what others leave, but for one place."""

import asyncio

import pytest

from jixi.models.batches import Pace, Places


async def entered(pace: Pace, tries: int) -> int:
    """How many calls of so many are let in without waiting."""
    stop = asyncio.Event()
    waiting = [asyncio.create_task(pace.enter("m", stop)) for _ in range(tries)]
    await asyncio.sleep(0)
    stop.set()
    return sum(await asyncio.gather(*waiting))


@pytest.mark.parametrize(
    ("limit", "others", "let_in"),
    [(8, 0, 7), (8, 3, 4), (8, 7, 0), (8, 8, 0), (2, 0, 1), (2, 1, 0), (1, 0, 1), (1, 1, 0)],
)
async def test_a_batch_never_takes_the_last_place(limit: int, others: int, let_in: int) -> None:
    assert await entered(Pace(lambda _: Places(limit, others), 100), 20) == let_in


async def test_where_nobody_knows_the_places_there_is_a_bound() -> None:
    assert await entered(Pace(lambda _: None, 6), 20) == 6


async def test_who_waits_goes_on_when_a_call_ends() -> None:
    pace = Pace(lambda _: None, 1)
    assert await pace.enter("m", asyncio.Event())
    second = asyncio.create_task(pace.enter("m", asyncio.Event()))
    await asyncio.sleep(0)
    assert not second.done()
    pace.leave("m")
    assert await asyncio.wait_for(second, 5)


async def test_a_model_that_refuses_gets_half_as_many_and_more_again_as_it_answers() -> None:
    pace = Pace(lambda _: None, 8)
    assert await entered(pace, 20) == 8
    pace.too_much("m")
    for _ in range(8):
        pace.leave("m")
    assert await entered(pace, 20) == 4
    for _ in range(4):
        pace.leave("m")
    for _ in range(40):
        pace.went_well("m")
    assert await entered(pace, 20) == 8
