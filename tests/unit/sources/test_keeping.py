"""What is here is shared, found damaged, mended and let go; nothing that a model needs ever goes with it."""

import asyncio
import os
import random
from pathlib import Path

import pytest

from jixi.models.catalog import ModelFile
from jixi.models.sources import ModelStore, own_files
from tests.unit.formats.files import safetensors
from tests.unit.sources.conftest import MakeStore
from tests.unit.sources.entries import HUGGINGFACE, MODELSCOPE, entry_of, published, refusal
from tests.unit.sources.hub import CONTENT, NAME, ScriptedHub, digest_of


def blobs(root: Path) -> list[Path]:
    return [path for path in (root / "models" / ".blobs").rglob("*") if path.is_file()]


def forget_grace(root: Path) -> None:
    """Make everything older than the time in which it may still be about to be used."""
    for blob in blobs(root):
        os.utime(blob, (0, 0))


async def test_two_models_with_one_file_have_it_once(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    store = make_store()
    files = [(await store.fetch(entry_of(HUGGINGFACE, name=name)))["model"] for name in ("one", "two")]
    assert files[0].samefile(files[1])
    assert hub.bytes_sent == len(CONTENT)
    assert len(blobs(tmp_path)) == 1


async def test_two_models_that_want_one_file_at_once_fetch_it_once(
    make_store: MakeStore, hub: ScriptedHub
) -> None:
    entries = [entry_of(HUGGINGFACE, name=f"m{n}") for n in range(4)]
    await asyncio.gather(*(make_store().fetch(entry) for entry in entries))
    assert hub.bytes_sent == len(CONTENT)


async def test_removing_one_of_two_leaves_the_other_its_file(make_store: MakeStore, tmp_path: Path) -> None:
    store, one, two = make_store(), entry_of(HUGGINGFACE, name="one"), entry_of(HUGGINGFACE, name="two")
    await store.fetch(one)
    await store.fetch(two)
    assert await store.remove(one) == 0
    assert store.files(one) is None
    assert await store.verify(two) == []
    assert await store.remove(two) == len(CONTENT)
    assert published(tmp_path / "models") == []


async def test_what_no_model_has_goes_after_a_while_and_nothing_else(
    make_store: MakeStore, tmp_path: Path
) -> None:
    store, entry = make_store(), entry_of(HUGGINGFACE)
    await store.fetch(entry)
    loose = tmp_path / "models" / ".blobs" / "ab" / ("ab" * 32)
    loose.parent.mkdir()
    loose.write_bytes(b"loose")
    assert await store.tidy() == 0
    forget_grace(tmp_path)
    assert await store.tidy() == 5
    assert await store.verify(entry) == []


async def test_removing_a_model_leaves_what_another_is_about_to_name(
    make_store: MakeStore, tmp_path: Path
) -> None:
    store, entry = make_store(), entry_of(HUGGINGFACE)
    await store.fetch(entry)
    fresh = tmp_path / "models" / ".blobs" / "ab" / ("ab" * 32)
    fresh.parent.mkdir()
    fresh.write_bytes(b"fresh")
    assert await store.remove(entry) == len(CONTENT)
    assert blobs(tmp_path) == [fresh]


async def test_nothing_of_an_earlier_revision_stays_beside_a_later_one(
    make_store: MakeStore, hub: ScriptedHub
) -> None:
    hub.files = {
        name: safetensors(name.encode() * 16) for name in ("parts/old.safetensors", "new.safetensors")
    }
    folders: list[Path] = []
    for name, data in hub.files.items():
        pinned = [ModelFile("model", name, len(data), digest_of(data))]
        folders.append((await make_store().fetch(entry_of(HUGGINGFACE, files=pinned)))["folder"])
    assert [path.name for path in folders[1].rglob("*.safetensors")] == ["new.safetensors"]


async def test_a_manifest_that_cannot_be_read_loses_no_file(make_store: MakeStore, tmp_path: Path) -> None:
    store, entry = make_store(), entry_of(HUGGINGFACE)
    path = (await store.fetch(entry))["model"]
    (path.parent / ".manifest").write_bytes(b"{")
    forget_grace(tmp_path)
    assert store.state(entry) == "available"
    assert await store.tidy() == 0
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("damage", ["a bit", "zeroes", "cut", "gone"])
async def test_a_file_that_rots_is_found_used_no_more_and_brought_again(
    make_store: MakeStore, hub: ScriptedHub, damage: str
) -> None:
    store, entry = make_store(), entry_of(HUGGINGFACE)
    path = (await store.fetch(entry))["model"]
    spoil(path, damage)
    assert await store.verify(entry) == [NAME]
    assert store.files(entry) is None
    assert (store.state(entry), store.damaged(entry)) == ("failed", [NAME])
    assert (await store.fetch(entry))["model"].read_bytes() == CONTENT
    assert hub.bytes_sent == 2 * len(CONTENT)
    assert await store.verify(entry) == []


async def test_a_file_of_ones_own_that_rots_is_mended_by_bringing_it_again(
    make_store: MakeStore, tmp_path: Path
) -> None:
    store, own = make_store(), tmp_path / NAME
    own.write_bytes(CONTENT)
    files = await own_files("tiny", own)
    entry = entry_of(HUGGINGFACE, files=files)
    for _ in range(2):
        await store.take_own(entry.id, "q8-0", own, files, lambda _: None)
        assert await store.verify(entry) == []
        here = store.files(entry)
        assert here is not None
        spoil(here["model"], "a bit")
        assert await store.verify(entry) == [NAME]


def spoil(path: Path, damage: str) -> None:
    data = bytearray(path.read_bytes())
    match damage:
        case "a bit":
            data[random.Random(1).randrange(len(data))] ^= 1
        case "zeroes":
            data[4096:8192] = bytes(4096)
        case "cut":
            del data[-1:]
        case _:
            path.unlink()
            return
    path.write_bytes(data)


async def test_the_file_of_an_earlier_release_is_taken_over_without_a_network(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    old = tmp_path / "models" / "tiny" / NAME
    old.parent.mkdir(parents=True)
    old.write_bytes(CONTENT)
    files = await make_store(offline=True).fetch(entry_of(HUGGINGFACE))
    assert files["model"].read_bytes() == CONTENT
    assert not old.exists()


async def test_a_disk_without_room_is_said_before_a_byte_is_fetched(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    entry = entry_of(HUGGINGFACE, files=[ModelFile("model", NAME, 10**16, "a" * 64)])
    error = await refusal(make_store(), entry)
    assert (error.code, error.facts["needed"]) == ("disk_full", "10,000,000,067.1 MB")
    assert "are free, 10,000,000,067.1 MB are needed" in error.message()
    assert hub.bytes_sent == 0
    assert published(tmp_path / "models") == []


async def test_pulls_removals_and_tidying_at_once_lose_no_file_that_a_model_has(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    """Stores in one folder, as several processes have them; files shared among models."""
    hub.files = {f"m{n}.safetensors": safetensors(bytes([n]) * 60_000) for n in range(4)}
    entries = [
        entry_of(
            {**source, "include": [f"m{n}.safetensors", f"m{(n + 1) % 4}.safetensors"]},
            name=f"e{n}",
            files=[],
        )
        for n in range(4)
        for source in (HUGGINGFACE, MODELSCOPE)[:1]
    ]
    stores, dice = [make_store() for _ in range(3)], random.Random(7)

    async def act(store: ModelStore) -> None:
        entry = dice.choice(entries)
        match dice.randrange(4):
            case 0:
                await store.remove(entry)
            case 1:
                forget_grace(tmp_path)
                await store.tidy()
            case _:
                await store.fetch(entry)

    for _ in range(12):
        await asyncio.gather(*(act(dice.choice(stores)) for _ in range(6)))
    for entry in entries:
        await stores[0].fetch(entry)
        assert await stores[0].verify(entry) == []
    forget_grace(tmp_path)
    await stores[0].tidy()
    assert len(blobs(tmp_path)) == 4
