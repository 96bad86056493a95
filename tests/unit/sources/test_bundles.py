"""A model moves as one file: all of it, verified, or nothing."""

import io
import json
import resource
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jixi.core.errors import JixiError
from jixi.models.catalog import Entry
from jixi.models.sources import ModelStore, read_header
from tests.unit.formats.files import BROKEN, safetensors
from tests.unit.sources.conftest import MakeStore
from tests.unit.sources.entries import HUGGINGFACE, entry_of, parts, published
from tests.unit.sources.hub import COMMIT, CONTENT, NAME, ScriptedHub, digest_of

Member = tuple[str, bytes]
FILES = {"config.json": b"{}", "model.safetensors": safetensors(bytes(range(200))), "LICENSE": b"MIT"}


@pytest.fixture
async def bundle(make_store: MakeStore, hub: ScriptedHub, tmp_path: Path) -> Path:
    """A model of three files, as another machine has written it."""
    hub.files = FILES
    store, entry = make_store(folder="there"), entry_of(HUGGINGFACE, files=[])
    await store.fetch(entry)
    await store.export(entry, tmp_path / "tiny.tar")
    return tmp_path / "tiny.tar"


async def refusal_of(store: ModelStore, bundle: Path, entry: Entry | None = None, **more: Any) -> str:
    with pytest.raises(JixiError) as raised:
        await store.take_in(bundle, entry, **more)
    return raised.value.code


def nothing_here(tmp_path: Path) -> bool:
    return published(tmp_path / "models") == [] == parts(tmp_path / "models")


def altered(bundle: Path, alter: Callable[[list[Member]], list[Any]]) -> Path:
    """The bundle with other members; one that is a TarInfo comes with no bytes."""
    with tarfile.open(bundle) as tar:
        members = [(info.name, tar.extractfile(info).read()) for info in tar]  # pyright: ignore[reportOptionalMemberAccess]
    with tarfile.open(bundle, "w") as tar:
        for member in alter(members):
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member, io.BytesIO(b"x" * member.size))
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                tar.addfile(info, io.BytesIO(member[1]))
    return bundle


async def test_a_model_arrives_whole_with_its_entry_its_licence_and_its_commit(
    make_store: MakeStore, bundle: Path
) -> None:
    header = read_header(bundle)
    assert (header.entry.id, header.manifest.revision) == ("tiny", COMMIT)
    with tarfile.open(bundle) as tar:
        licence = tar.extractfile("LICENSE.txt")
        assert licence is not None
        assert b"MIT" in licence.read()
    store = make_store(offline=True)
    await store.take_in(bundle, None)
    (entry,) = store.imported()
    files = store.files(entry)
    assert files is not None
    assert {name: (files["folder"] / name).read_bytes() for name in FILES} == FILES
    assert await store.verify(entry) == []
    assert entry.variant().sources == []


async def test_two_exports_of_one_model_are_the_same_file(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    store, entry = make_store(), entry_of(HUGGINGFACE)
    await store.fetch(entry)
    told = [await store.export(entry, tmp_path / f"{n}.tar") for n in range(2)]
    assert [digest_of((tmp_path / f"{n}.tar").read_bytes()) for n in range(2)] == told
    assert told[0] == told[1]


async def test_the_catalogue_here_decides_over_the_bundle(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    there, entry = make_store(folder="there"), entry_of(HUGGINGFACE)
    await there.fetch(entry)
    await there.export(entry, tmp_path / "tiny.tar")
    store = make_store(offline=True)
    other = entry_of(HUGGINGFACE, content=CONTENT + b"!")
    assert await refusal_of(store, tmp_path / "tiny.tar", other) == "bundle_invalid"
    assert nothing_here(tmp_path)
    await store.take_in(tmp_path / "tiny.tar", entry)
    assert store.imported() == []
    files = store.files(entry)
    assert files is not None
    assert files["model"].read_bytes() == CONTENT


async def test_a_bundle_cut_anywhere_leaves_nothing(
    make_store: MakeStore, bundle: Path, tmp_path: Path
) -> None:
    data, store = bundle.read_bytes(), make_store(offline=True)
    with tarfile.open(bundle) as tar:
        edges = [at for info in tar for at in (info.offset, info.offset_data, info.offset_data + info.size)]
    for at in sorted({0, 1, 511, *edges, *range(0, max(edges), 997)}):
        if at < max(edges):
            bundle.write_bytes(data[:at])
            assert await refusal_of(store, bundle) == "bundle_invalid", at
            assert nothing_here(tmp_path), at


async def test_a_bundle_in_which_a_bit_is_wrong_leaves_nothing(
    make_store: MakeStore, bundle: Path, tmp_path: Path
) -> None:
    """Wherever in a file of the model it is."""
    data, store = bundle.read_bytes(), make_store(offline=True)
    with tarfile.open(bundle) as tar:
        places = [info.offset_data + info.size // 2 for info in tar if info.name.startswith("files/")]
    for at in places:
        bundle.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert await refusal_of(store, bundle) == "bundle_invalid"
        assert nothing_here(tmp_path)


def link(name: str, kind: bytes, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def renamed(name: str) -> Callable[[list[Member]], list[Any]]:
    return lambda members: [*members[:-1], (name, members[-1][1])]


def with_manifest(change: Callable[[dict[str, Any]], None]) -> Callable[[list[Member]], list[Any]]:
    def alter(members: list[Member]) -> list[Any]:
        header = json.loads(members[0][1])
        change(header)
        return [(members[0][0], json.dumps(header).encode()), *members[1:]]

    return alter


def named(name: str) -> Callable[[list[Member]], list[Any]]:
    """The manifest and the member agree on a hostile name."""

    def alter(members: list[Member]) -> list[Any]:
        def change(header: dict[str, Any]) -> None:
            header["manifest"]["files"][-1]["name"] = name

        return renamed(f"files/{name}")(with_manifest(change)(members))

    return alter


HOSTILE: dict[str, Callable[[list[Member]], list[Any]]] = {
    "a name that leads up": renamed("files/../../../evil"),
    "a name from the root": renamed("/etc/evil"),
    "both say a name that leads up": named("../../../../evil.json"),
    "both say a name from the root": named("/tmp/evil.json"),
    "both say a hidden name": named(".evil.json"),
    "two files with one name": named("LICENSE"),
    "both say a name with a null": named("a\x00b.json"),
    "a symbolic link": lambda members: [*members[:-1], link(members[-1][0], tarfile.SYMTYPE, "/etc/passwd")],
    "a hard link": lambda members: [*members[:-1], link(members[-1][0], tarfile.LNKTYPE, members[2][0])],
    "a folder": lambda members: [*members[:-1], link(members[-1][0], tarfile.DIRTYPE, "")],
    "a device": lambda members: [*members[:-1], link(members[-1][0], tarfile.CHRTYPE, "")],
    "another order": lambda members: [members[0], members[1], *reversed(members[2:])],
    "one more": lambda members: [*members, ("files/evil.json", b"{}")],
    "one less": lambda members: members[:-1],
    "another file with the size": lambda members: [
        *members[:-1],
        (members[-1][0], bytes(len(members[-1][1]))),
    ],
    "no header": lambda members: members[1:],
    "another model": with_manifest(lambda header: header["manifest"].update(model="../evil")),
    "another variant": with_manifest(lambda header: header["manifest"].update(variant="../../evil")),
    "a later release": with_manifest(lambda header: header.update(bundle=2)),
    "no files": with_manifest(lambda header: header["manifest"].update(files=[])),
    "a digest that is a path": with_manifest(
        lambda header: header["manifest"]["files"][0].update(sha256="../../../../evil")
    ),
    "a size of 2^62": with_manifest(lambda header: header["manifest"]["files"][0].update(bytes=2**62)),
}


@pytest.mark.parametrize("alter", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_bundle_leaves_nothing_anywhere(
    make_store: MakeStore, bundle: Path, tmp_path: Path, alter: Callable[[list[Member]], list[Any]]
) -> None:
    altered(bundle, alter)
    assert await refusal_of(make_store(offline=True), bundle) in ("bundle_invalid", "disk_full")
    assert nothing_here(tmp_path)
    assert list(tmp_path.rglob("*evil*")) == []


async def test_a_bundle_of_code_is_refused(make_store: MakeStore, bundle: Path, tmp_path: Path) -> None:
    code = b'{"auto_map": {"AutoModel": "evil.Model"}}'

    def alter(members: list[Member]) -> list[Any]:
        def change(header: dict[str, Any]) -> None:
            for file in header["manifest"]["files"]:
                if file["name"] == "config.json":
                    file.update(bytes=len(code), sha256=digest_of(code))

        swapped = [(name, code if name == "files/config.json" else data) for name, data in members]
        return with_manifest(change)(swapped)

    altered(bundle, alter)
    assert await refusal_of(make_store(offline=True), bundle) == "model_file_refused"
    assert nothing_here(tmp_path)


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
async def test_a_bundle_of_a_broken_gguf_is_refused(
    make_store: MakeStore, bundle: Path, tmp_path: Path, content: bytes
) -> None:
    def alter(members: list[Member]) -> list[Any]:
        def change(header: dict[str, Any]) -> None:
            for file in header["manifest"]["files"]:
                if file["name"] == "model.safetensors":
                    file.update(name=NAME, bytes=len(content), sha256=digest_of(content))

        swapped = [
            (f"files/{NAME}", content) if name == "files/model.safetensors" else (name, data)
            for name, data in members
        ]
        return with_manifest(change)(swapped)

    altered(bundle, alter)
    assert await refusal_of(make_store(offline=True), bundle) == "model_file_refused"
    assert nothing_here(tmp_path)


async def test_the_digest_that_export_told_is_asked_for(
    make_store: MakeStore, bundle: Path, tmp_path: Path
) -> None:
    store, sha256 = make_store(offline=True), digest_of(bundle.read_bytes())
    assert await refusal_of(store, bundle, sha256="0" * 64) == "bundle_mistaken"
    assert nothing_here(tmp_path)
    assert (await store.take_in(bundle, None, sha256)).manifest.model == "tiny"


async def test_a_model_that_rots_is_not_exported(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    store, entry = make_store(), entry_of(HUGGINGFACE)
    path = (await store.fetch(entry))["model"]
    path.write_bytes(bytes(len(CONTENT)))
    with pytest.raises(JixiError) as raised:
        await store.export(entry, tmp_path / "tiny.tar")
    assert (raised.value.code, raised.value.facts["files"]) == ("model_damaged", NAME)
    assert list(tmp_path.glob("*.tar*")) == []


async def test_a_disk_that_fills_up_leaves_nothing(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    there, entry = make_store(folder="there"), entry_of(HUGGINGFACE)
    await there.fetch(entry)
    await there.export(entry, tmp_path / "tiny.tar")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(CONTENT) // 2, hard))
    try:
        assert await refusal_of(make_store(offline=True), tmp_path / "tiny.tar") == "disk_full"
        with pytest.raises(JixiError) as raised:
            await there.export(entry, tmp_path / "again.tar")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert raised.value.code == "disk_full"
    assert list(tmp_path.glob("again*")) == []
    assert nothing_here(tmp_path)
