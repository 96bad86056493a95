"""What the settings ask for comes to the fleet, or the reason why not stands there."""

import asyncio
import gc
from pathlib import Path
from typing import Any

from jixi.assembly import DeploymentSetting, Settings, open_house
from jixi.models.deployments import DeploymentSpec, Reason

WITHIN_S = 60


async def test_a_model_that_cannot_be_fetched_fails_alone_where_there_is_no_starter(tmp_path: Path) -> None:
    unseen: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unseen.append(context))
    settings = Settings(
        data_dir=tmp_path / "data",
        starter="none",
        offline=True,
        deployments=(DeploymentSetting(name="chat", model="qwen2.5-coder-1.5b-instruct"),),
    )
    async with open_house(settings) as house:
        async with asyncio.timeout(WITHIN_S):
            while [each.state for each in house.fleet.models()] != ["failed"]:
                await asyncio.sleep(0)
        assert house.supply.unreachable["chat"].code == "model_unreachable"
    gc.collect()
    assert unseen == []


async def test_a_file_that_cannot_even_be_looked_at_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 300}.gguf"
    settings = Settings(
        data_dir=tmp_path / "data",
        starter="none",
        deployments=(DeploymentSetting(name="long", path=path),),
    )
    async with open_house(settings) as house:
        (status,) = [each for each in house.fleet.models() if each.name == "long"]
        assert (status.state, status.reason) == (
            "failed",
            Reason(
                "model_file_refused", {"model": "long", "file": path.name, "reason": "File name too long"}
            ),
        )


async def test_what_an_unforeseen_error_stops_is_shown_as_failed_and_tried_again(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path / "data",
        starter="none",
        deployments=(DeploymentSetting(name="echo", engine="stub"),),
    )
    errors = [OSError("the disk is full")]

    async def seed(_: DeploymentSpec) -> None:
        if errors:
            raise errors.pop()

    async with open_house(settings) as house:
        brought = house.supply.bringing("echo")
        assert brought is not None
        house.supply.means.seed, house.supply.means.pause_s = seed, 0.2
        await brought.want(brought.wish)
        assert brought.trouble == Reason("cannot_start", {"cause": "the disk is full"})
        async with asyncio.timeout(10):
            while brought.trouble is not None:
                await asyncio.sleep(0)
        assert brought.runs
