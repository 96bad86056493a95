"""Before a model is deployed one is told whether it fits, by what, and what would have to end first."""

from collections.abc import Sequence
from typing import Any

import pytest

from jixi.core.errors import JixiError
from jixi.models.catalog import Catalog, Entry
from jixi.models.deployments import DeploymentSpec, Lack, Reason, Room
from jixi.models.memory import Fit, Rooms
from tests.unit.compute.machines import GIB, node
from tests.unit.memory.conftest import MakeRooms

CATALOG = Catalog.load()
MIB = 2**20


def entry(name: str) -> Entry:
    return CATALOG.get(name)


async def fits(
    rooms: Rooms, model: Entry, *, name: str = "", engine: str = "", adapters: Sequence[int] = (), **said: Any
) -> Fit:
    """Whether one more replica fits, on the engine that the catalogue prefers."""
    spec = DeploymentSpec(name=name, engine=engine or model.variant().engines[0], **said)
    return await rooms.fit(model, spec, None, adapters)


def lacking(found: Room | Lack) -> Reason:
    assert isinstance(found, Lack)
    return found.reason


async def test_of_a_file_that_is_not_here_what_may_be_held_twice_goes_by_its_precision(
    make_rooms: MakeRooms,
) -> None:
    rooms = make_rooms(node("here", memory=64, used=2))
    for name, share in (("qwen2.5-coder-1.5b-instruct", 0.7), ("qwen2.5-coder-0.5b-instruct", 0)):
        found = await fits(rooms, entry(name), context=4096)
        assert found.needed is not None
        # Rows of 896 weights are no whole blocks of 256, so that the smaller one has older formats.
        assert found.needed.weights == pytest.approx(entry(name).variant().bytes * (1 + share), abs=1)


async def test_a_small_model_fits_into_main_memory_and_what_it_takes_is_told_by_part(
    make_rooms: MakeRooms,
) -> None:
    rooms = make_rooms(node("here", memory=8, used=2))
    found = await fits(rooms, entry("smollm2"), context=4096, parallel=2)
    assert (found.verdict, found.node, found.places, found.unload) == ("yes", "here", ("memory",), ())
    assert found.free_bytes == 6 * GIB
    assert found.needed is not None
    assert found.needed.weights == 98_362_432
    assert found.needed.cache == 2 * 4096 * 30 * 2 * 3 * 64 * 2
    assert found.needed.kept == 512 * MIB
    assert found.needed.total == sum(
        (
            found.needed.weights,
            found.needed.cache,
            found.needed.kept,
            found.needed.working,
            found.needed.runtime,
        )
    )


async def test_a_model_that_is_larger_than_the_machine_does_not_fit(make_rooms: MakeRooms) -> None:
    rooms = make_rooms(node("here", memory=8, used=2))
    found = await fits(rooms, entry("qwen2.5-coder-32b-instruct"), engine="llamacpp")
    assert (found.verdict, found.node, found.places) == ("no", None, ())


async def test_adapters_that_are_thought_of_count_by_their_bytes(make_rooms: MakeRooms) -> None:
    rooms = make_rooms(node("here", memory=8))
    alone, adapted = [
        await fits(rooms, entry("smollm2"), adapters=each) for each in ((), (30 * MIB, 10 * MIB))
    ]
    assert alone.needed is not None
    assert adapted.needed is not None
    assert adapted.needed.weights == alone.needed.weights + 40 * MIB
    assert (alone.needed.kept, adapted.needed.kept) == (512 * MIB, 0)


async def test_a_longer_context_and_more_calls_need_more(make_rooms: MakeRooms) -> None:
    rooms = make_rooms(node("here", memory=64))

    async def total(context: int, parallel: int) -> int:
        found = await fits(rooms, entry("qwen2.5-coder"), context=context, parallel=parallel)
        return found.needed.total if found.needed is not None else 0

    assert 0 < await total(2048, 1) < await total(4096, 1) < await total(4096, 4) < await total(32768, 4)


async def test_what_needs_an_accelerator_does_not_fit_where_there_is_none(make_rooms: MakeRooms) -> None:
    rooms = make_rooms(node("here", memory=512))
    found = await fits(rooms, entry("qwen2.5-coder-7b-instruct"), engine="vllm")
    assert (found.verdict, found.free_bytes) == ("no", 0)


def on_card(name: str, gib: int) -> DeploymentSpec:
    return DeploymentSpec(name=name, engine="vllm", memory_bytes=gib * GIB)


async def test_one_is_told_which_deployment_would_have_to_end(make_rooms: MakeRooms) -> None:
    rooms = make_rooms(node("here", [80]))
    await rooms.look()
    for name, gib in (("large", 50), ("small", 20)):
        assert not isinstance(rooms.room(on_card(name, gib)), Lack)

    async def asked(gib: int, name: str = "") -> Fit:
        return await fits(rooms, entry("qwen2.5-coder"), engine="vllm", memory_bytes=gib * GIB, name=name)

    assert (await asked(8)).verdict == "yes"
    assert ((await asked(25)).verdict, (await asked(25)).unload) == ("after_unloading", ("small",))
    assert (await asked(40)).unload == ("large",)
    assert (await asked(75)).unload == ("small", "large")
    assert (await asked(75, name="large")).verdict == "no"
    assert (await asked(81)).verdict == "no"
    assert {each.group for each in rooms.placements()} == {"large", "small"}, "nothing is held by asking"


async def test_an_engine_that_takes_either_goes_to_the_accelerator_first(make_rooms: MakeRooms) -> None:
    spec = DeploymentSpec(name="e", engine="transformers", memory_bytes=10 * GIB)
    rooms = make_rooms(node("here", [16]))
    await rooms.look()
    first, second = rooms.room(spec), rooms.room(spec)
    assert not isinstance(first, Lack)
    assert not isinstance(second, Lack)
    assert (first.placement.places, first.env["CUDA_VISIBLE_DEVICES"]) == (("nvidia-0",), "0")
    assert (second.placement.places, second.env["CUDA_VISIBLE_DEVICES"]) == (("memory",), "")


async def test_engines_that_share_an_accelerator_are_told_their_part(make_rooms: MakeRooms) -> None:
    rooms = make_rooms(node("here", [80, 80]))
    await rooms.look()
    given = rooms.room(on_card("a", 20))
    assert not isinstance(given, Lack)
    assert given.options == {"gpu_memory": 0.25}
    assert given.env == {"CUDA_VISIBLE_DEVICES": "0", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    spread = rooms.room(
        DeploymentSpec(name="b", engine="vllm", memory_bytes=80 * GIB, options={"tensor_parallel": 2})
    )
    assert not isinstance(spread, Lack)
    assert (spread.env["CUDA_VISIBLE_DEVICES"], spread.options) == ("0,1", {"gpu_memory": 0.5})


async def test_a_share_that_the_deployment_asks_for_is_reserved(make_rooms: MakeRooms) -> None:
    rooms = make_rooms(node("here", [80]))
    await rooms.look()
    spec = DeploymentSpec(name="a", engine="vllm", options={"gpu_memory": 0.75})
    assert not isinstance(rooms.room(spec), Lack)
    assert rooms.free("here", "nvidia-0") == 20 * GIB
    assert lacking(rooms.room(spec)) == Reason("no_room", {"needed": 60 * GIB, "free": 20 * GIB})


async def test_room_is_given_back(make_rooms: MakeRooms) -> None:
    rooms = make_rooms(node("here", memory=8), reserve=GIB)
    await rooms.look()
    spec = DeploymentSpec(name="a", engine="stub", memory_bytes=4 * GIB)
    held = rooms.room(spec)
    assert not isinstance(held, Lack)
    assert held.env == {}
    assert lacking(rooms.room(spec)) == Reason("no_room", {"needed": 4 * GIB, "free": 3 * GIB})
    held.release()
    held.release()
    assert rooms.free("here") == 7 * GIB


async def test_options_that_make_no_sense_are_refused(make_rooms: MakeRooms) -> None:
    with pytest.raises(JixiError, match="gpu_memory"):
        await fits(
            make_rooms(node("here", [80])), entry("qwen2.5-coder"), engine="vllm", options={"gpu_memory": 7}
        )
