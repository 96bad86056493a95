"""Gateway processes that end by themselves: replaced, but not in a frenzy; and a first start that fails is told."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from structlog.testing import capture_logs

from jixi.assembly.house import House, open_house
from jixi.assembly.settings import Settings
from jixi.core.errors import JixiError
from jixi.server.processes import Crew
from tests.processes import descendants

WITHIN_S = 60


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    settings = Settings(data_dir=tmp_path, starter="none", ledger_writer="thread", processes=2, drain_s=1)
    async with open_house(settings) as opened:
        yield opened


def gateways() -> list[psutil.Process]:
    return descendants(os.getpid(), "jixi.server.processes")


async def another(known: list[psutil.Process]) -> psutil.Process:
    """The next gateway process that is not one of these."""
    while True:
        for each in await asyncio.to_thread(gateways):
            if each not in known:
                return each


async def test_a_process_that_ends_again_and_again_is_replaced_ever_later(
    house: House, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, capture_logs() as logs:
        crew = Crew(house, [listening], tmp_path / "house.sock")
        await crew.start()
        known = gateways()
        async with asyncio.timeout(WITHIN_S):
            for _ in range(2):
                known[-1].kill()
                known.append(await another(known))
        await crew.close()
    pauses = [each["again_in_s"] for each in logs if each["event"] == "gateway_process_awaited"]
    assert pauses == [1, 2]
    assert gateways() == []


async def test_a_first_start_that_fails_is_told_and_leaves_no_process(house: House, tmp_path: Path) -> None:
    with (tmp_path / "no socket").open("w") as wrong:
        sockets: list[Any] = [wrong]
        crew = Crew(house, sockets, tmp_path / "house.sock")
        with pytest.raises(JixiError) as told:
            async with asyncio.timeout(WITHIN_S):
                await crew.start()
        await crew.close()
    assert told.value.code == "processes_not_started"
    assert "log above" in told.value.remedy()
    assert gateways() == []
