"""The end of a task in the background, and who is cancelled while they wait for it."""

import asyncio

import pytest

from jixi.core.tasks import end_task


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def _stubborn(told: asyncio.Event, enough: asyncio.Event) -> None:
    try:
        await _for_ever()
    except asyncio.CancelledError:
        told.set()
        await enough.wait()


async def test_a_task_has_ended_once_its_end_was_waited_for() -> None:
    task = asyncio.create_task(_for_ever())
    await end_task(task)
    assert task.cancelled()
    await end_task(task)
    await end_task(None)


async def test_what_a_task_had_failed_with_is_raised() -> None:
    async def fail() -> None:
        raise OSError("no room")

    task = asyncio.create_task(fail())
    await asyncio.wait((task,))
    with pytest.raises(OSError, match="no room"):
        await end_task(task)


async def test_who_is_cancelled_while_they_wait_hears_of_it() -> None:
    told, enough = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(_stubborn(told, enough))
    await asyncio.sleep(0)
    closing = asyncio.create_task(end_task(task))
    async with asyncio.timeout(60):
        await told.wait()
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        enough.set()
        await task
