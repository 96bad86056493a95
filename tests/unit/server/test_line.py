"""The line between a house and a gateway process: what is said arrives, and nothing piles up for one who is deaf."""

import asyncio
import socket
from typing import Any

import pytest

from jixi.server.processes import Line, streams

MIB = 1024 * 1024
Ends = tuple[Line[str], Line[str]]


@pytest.fixture
async def ends() -> Ends:
    here, there = socket.socketpair()
    return Line(*await streams(here), str), Line(*await streams(there), str)


async def ended(line: Line[Any]) -> list[Any]:
    async with asyncio.timeout(60):
        return [message async for message in line.messages()]


async def test_what_is_said_arrives_in_order_until_one_hangs_up(ends: Ends) -> None:
    here, there = ends
    for word in ("one", "x" * 3 * MIB, "three"):
        here.send(word)
    here.close()
    assert [message[:5] for message in await ended(there)] == ["one", "xxxxx", "three"]
    there.send("too late")
    there.close()


async def test_one_who_never_reads_is_given_up_before_much_has_piled_up(ends: Ends) -> None:
    here, there = ends
    said = 0
    while not here.was_cut:
        here.send("x" * MIB)
        said += 1
        assert said <= 20
    here.send("nobody hears this")
    assert await ended(here) == []
    assert len(await ended(there)) < said
    there.close()


async def test_what_may_be_missed_is_let_go_while_the_other_side_is_behind(ends: Ends) -> None:
    here, there = ends
    for _ in range(100):
        here.mention("x" * MIB)
    assert not here.was_cut
    here.send("this arrives")
    heard: list[str] = []
    async with asyncio.timeout(60):
        async for message in there.messages():
            heard.append(message)
            if message == "this arrives":
                break
    assert len(heard) <= 4
    here.mention("and so does this")
    here.close()
    assert await ended(there) == ["and so does this"]
    there.close()
