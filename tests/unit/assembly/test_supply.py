"""What the settings ask for comes to the fleet, or the reason why not stands there."""

import asyncio
import gc
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import SQLAlchemyError

from jixi.assembly.house import open_house
from jixi.assembly.settings import DeploymentSetting, Settings
from jixi.core.errors import JixiError
from jixi.governance.ledger import PriceBook
from jixi.models.deployments import DeploymentSpec, DeploymentStatus, Reason, Scale
from jixi.models.gateway import Target
from jixi.models.names import SettledNames
from jixi.models.registry import Viewer
from jixi.models.rollouts import Draft, Models, Neighbours, Rollouts, Who

WITHIN_S = 60
LIN = Who("mem_1", Viewer("ten_1", keeps_house=True))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", starter="none")


async def nothing() -> tuple[()]:
    return ()


def echo(**options: Any) -> Draft:
    return Draft(engine="stub", options=options)


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


async def test_settings_that_name_an_adapter_like_an_alias_are_refused_at_the_start(
    settings: Settings, tmp_path: Path
) -> None:
    echo = DeploymentSetting(name="echo", engine="stub")
    async with open_house(settings.model_copy(update={"deployments": (echo,)})) as house:
        await house.aliases.add(name="echo:legal", targets=(Target("echo"),))
    adapted = echo.model_copy(update={"adapters": {"echo:legal": tmp_path / "legal.gguf"}})
    with pytest.raises(JixiError) as refused:
        async with open_house(settings.model_copy(update={"deployments": (adapted,)})):
            pytest.fail("it opened")
    assert (refused.value.code, refused.value.facts["name"]) == ("settings_name_taken", "echo:legal")


async def test_the_name_of_the_fallback_that_another_server_serves_is_not_given_away(
    settings: Settings,
) -> None:
    starter, fallback = "qwen2.5-coder-0.5b-instruct", "smollm2-135m-instruct"
    standard = [DeploymentSetting(name=name, engine="stub") for name in (starter, "multilingual-e5-small")]
    settings = settings.model_copy(update={"starter": starter, "deployments": tuple(standard)})
    async with open_house(settings) as house:
        await SettledNames(house.database).settle([*(each.name for each in standard), fallback])
    async with open_house(settings) as house:
        with pytest.raises(JixiError) as refused:
            await house.aliases.add(name=fallback, targets=(Target(starter),))
        assert refused.value.code in ("conflict", "name_taken")


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
        async with asyncio.timeout(60):
            while brought.trouble is not None:
                await asyncio.sleep(0)
        assert brought.runs


async def test_a_deployment_keeps_the_price_that_an_administrator_has_set_on_another_server(
    settings: Settings,
) -> None:
    async with open_house(settings) as house:
        elsewhere = PriceBook(house.database, house.clock)
        chosen = await elsewhere.set_price(
            "echo", "CNY", input_micros=7, cached_input_micros=7, output_micros=7, member_id=None
        )
        await house.rollouts.add(LIN, "echo", "", echo())
        await house.fleet.until("echo")
        assert house.ledger.prices.price("echo") == chosen.price


async def test_one_made_anew_under_a_deleted_name_is_that_one_though_its_end_was_not_seen(
    settings: Settings,
) -> None:
    """Another server has deleted the one and made the other between two looks at the register."""
    async with open_house(settings) as house:
        rollouts, supply, fleet = house.rollouts, house.supply, house.fleet
        await rollouts.add(LIN, "echo", "The first.", echo(tokens=2))
        await fleet.until("echo")
        rollouts.changed = nothing
        there = Rollouts(
            house.database,
            house.clock,
            Models(house.registry, house.store, supply.chooser),
            Neighbours(list, lambda _: nothing()),
        )
        await there.refresh()
        await there.remove(LIN, "echo", None)
        await there.add(LIN, "echo", "The second.", echo(tokens=5))
        await rollouts.refresh()
        await supply.keep_up()
        async with asyncio.timeout(WITHIN_S):
            while [(each.description, each.state) for each in fleet.models()] != [("The second.", "ready")]:
                await asyncio.sleep(0)


async def test_an_update_that_failed_does_not_run_again_while_the_database_is_away(
    settings: Settings,
) -> None:
    async with open_house(settings) as house:
        rollouts, fleet, means = house.rollouts, house.fleet, house.supply.means
        began = list[datetime]()

        async def give_up(record: str, version: int, answering: int, reason: Reason) -> None:
            # By its id: another may have been made under its name by now.
            assert record == made.id
            update = fleet.status("echo").update
            assert update is not None
            began.append(update.since)
            if len(began) < 3:
                raise SQLAlchemyError("the database is away")
            await rollouts.give_up(record, version, answering, reason)

        means.given_up, means.pause_s = give_up, 0.01
        made = await rollouts.add(LIN, "echo", "", echo())
        await fleet.until("echo")
        await rollouts.revise(LIN, "echo", None, {"options": {"exit_at_start": 3}})
        async with asyncio.timeout(WITHIN_S):
            while (kept := rollouts.find("echo")) is None or kept.revision != 1:
                await asyncio.sleep(0)
        assert began == [began[0]] * 3


async def test_another_scale_of_the_register_and_the_way_back_keep_the_engines_that_run(
    settings: Settings,
) -> None:
    async with open_house(settings) as house:
        rollouts, fleet = house.rollouts, house.fleet
        await rollouts.add(LIN, "echo", "", echo(tokens=2))
        pid = (await fleet.until("echo")).pid
        await rollouts.revise(LIN, "echo", None, {"scale": Scale(least=2, most=2)})
        two = await fleet.until("echo", ready(2))
        assert (two.pid, two.revision, {each.revision for each in two.replicas}) == (pid, 2, {2})
        await rollouts.roll_back(LIN, "echo", None, 1)
        one = await fleet.until("echo", ready(1))
        assert one.pid in [each.pid for each in two.replicas]
        assert (one.revision, one.replicas[0].revision, one.restarts) == (1, 1, 0)


def ready(count: int) -> Callable[[DeploymentStatus], bool]:
    return lambda now: [each.state for each in now.replicas] == ["ready"] * count
