"""Addresses, folders and buckets: what they bring is judged like what a hub brings."""

import asyncio
from pathlib import Path

import pytest

from jixi.models.catalog import ModelFile
from jixi.models.sources.outside import S3Access
from tests.unit.formats.files import gguf, safetensors
from tests.unit.sources.conftest import MakeStore
from tests.unit.sources.entries import Origins, entry_of, parts, published, refusal
from tests.unit.sources.hub import CONTENT, NAME, ScriptedHub, digest_of

BUCKET = "bucket-of-models"


def at(hub: ScriptedHub) -> Origins:
    return {"kind": "url", "url": f"{hub.address}/cdn/{NAME}"}


def in_bucket(hub: ScriptedHub, key: str = "llm/") -> Origins:
    return {"kind": "s3", "bucket": BUCKET, "key": key, "endpoint": hub.address}


@pytest.mark.parametrize("pinned", [True, False])
async def test_a_file_comes_from_an_address(make_store: MakeStore, hub: ScriptedHub, pinned: bool) -> None:
    store, entry = make_store(), entry_of(at(hub), files=None if pinned else [], form="gguf")
    assert (await store.fetch(entry))["model"].read_bytes() == CONTENT
    manifest = store.manifest(entry)
    assert manifest is not None
    assert manifest.files[0].sha256 == digest_of(CONTENT)


async def test_an_address_without_a_length_is_refused(make_store: MakeStore, hub: ScriptedHub) -> None:
    hub.knows_ranges, hub.chunked = False, True
    error = await refusal(make_store(), entry_of(at(hub), files=[], form="gguf"))
    assert "how large the file is" in error.message()


async def test_a_folder_is_copied_and_left_alone(make_store: MakeStore, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "config.json").write_bytes(b"{}")
    (own / "model.safetensors").write_bytes(safetensors())
    (own / "notes.py").write_bytes(b"print()")
    files = await make_store(offline=True).fetch(entry_of({"kind": "folder", "path": str(own)}, files=[]))
    assert {path.name for path in files["folder"].iterdir() if path.name[0] != "."} == {
        "config.json",
        "model.safetensors",
    }
    assert files["model"].stat().st_ino != (own / "model.safetensors").stat().st_ino
    assert len(list(own.iterdir())) == 3


async def test_one_file_of_a_folder_may_be_named(make_store: MakeStore, tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(CONTENT)
    files = await make_store(offline=True).fetch(
        entry_of({"kind": "folder", "path": str(own)}, files=[], form="gguf")
    )
    assert files["model"].read_bytes() == CONTENT


@pytest.mark.parametrize("target", ["/etc/hostname", "../secret.gguf"])
async def test_a_link_out_of_a_folder_is_not_followed(
    make_store: MakeStore, tmp_path: Path, target: str
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (tmp_path / "secret.gguf").write_bytes(CONTENT)
    (own / NAME).symlink_to(target)
    entry = entry_of({"kind": "folder", "path": str(own)})
    error = await refusal(make_store(offline=True), entry)
    assert "leads out of the folder" in error.message()
    assert published(tmp_path / "models") == []


async def test_objects_of_a_bucket_come_signed(make_store: MakeStore, hub: ScriptedHub) -> None:
    hub.files = {"config.json": b"{}", "model.safetensors": safetensors(), "a+b c.txt": b"x"}
    hub.s3_secret = "s3cret"
    entry = entry_of(in_bucket(hub), files=[])
    assert "HTTP 403" in (await refusal(make_store(s3=S3Access("AKIA", "wrong")), entry)).message()
    files = await make_store(s3=S3Access("AKIA", "s3cret", "eu-west-1")).fetch(entry)
    assert files["model"].read_bytes() == safetensors()
    assert set(files) == {"config.json", "model", "folder"}


@pytest.mark.parametrize("key", ["llm/", f"llm/{NAME}"])
async def test_a_named_object_comes_from_an_open_bucket(
    make_store: MakeStore, hub: ScriptedHub, key: str
) -> None:
    hub.cut_every = 3_000_000
    assert (await make_store().fetch(entry_of(in_bucket(hub, key))))["model"].read_bytes() == CONTENT
    assert all("Authorization" not in headers for _, headers in hub.seen)


async def test_a_secret_follows_no_redirect_out_of_a_bucket(make_store: MakeStore, hub: ScriptedHub) -> None:
    hub.bucket_moved = True
    access = S3Access("AKIA", "s3cret")
    await make_store(s3=access).fetch(entry_of(in_bucket(hub)))
    at_cdn = [headers for _, headers in hub.seen if headers["Host"] in hub.cdn_address]
    assert at_cdn
    assert all("Authorization" not in headers for headers in at_cdn)


@pytest.mark.parametrize("cut", [1, 131_073, 1_000_003, 4_194_304])
async def test_a_connection_that_is_cut_again_and_again_still_brings_the_file(
    make_store: MakeStore, hub: ScriptedHub, cut: int
) -> None:
    """As long as each try brings something worth its while; a byte at a time is given up."""
    hub.cut_every = cut
    store, entry = make_store(), entry_of(at(hub))
    async with asyncio.timeout(60):
        if cut == 1:
            assert (await refusal(store, entry)).code == "model_unreachable"
            hub.cut_every = None
        assert (await store.fetch(entry))["model"].read_bytes() == CONTENT
    assert hub.bytes_sent < 1.2 * len(CONTENT) + 4 * cut


async def test_a_server_that_knows_no_ranges_brings_the_file_in_one_piece(
    make_store: MakeStore, hub: ScriptedHub
) -> None:
    hub.knows_ranges, hub.cut_after = False, 2_000_000
    assert (await make_store().fetch(entry_of(at(hub))))["model"].read_bytes() == CONTENT
    assert hub.bytes_sent == len(CONTENT) + 2_000_000


@pytest.mark.parametrize(
    "lie",
    [
        "bytes 1-8389023/8389024",
        "bytes 0-8389023/99999999999",
        "bytes 0-8389023/1",
        "bytes */8389024",
        "bytes 0-99/100",
        "",
    ],
)
async def test_a_server_that_lies_about_what_it_sends_is_not_believed(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path, lie: str
) -> None:
    hub.lie = lie or "nonsense"
    error = await refusal(make_store(), entry_of(at(hub)))
    assert error.code == "model_unreachable"
    assert published(tmp_path) == []


async def test_a_large_file_comes_by_ranges_side_by_side(
    make_store: MakeStore, hub: ScriptedHub, tmp_path: Path
) -> None:
    content = gguf(bytes(range(256)) * 4 * 70_000)
    hub.files = {NAME: content}
    files = await make_store().fetch(entry_of(at(hub), content=content))
    assert files["model"].read_bytes() == content
    assert len(hub.ranges) == 5
    assert hub.bytes_sent == len(content)
    assert parts(tmp_path) == []


async def test_a_file_of_no_bytes_is_a_file(make_store: MakeStore, hub: ScriptedHub) -> None:
    hub.files = {"model.safetensors": safetensors(), "merges.txt": b""}
    source: Origins = {"kind": "huggingface", "repo": "org/tiny", "revision": "main"}
    files = await make_store().fetch(entry_of(source, files=[]))
    assert files["merges.txt"].read_bytes() == b""


async def test_what_is_offline_asks_nobody(make_store: MakeStore, hub: ScriptedHub) -> None:
    for source in (at(hub), in_bucket(hub)):
        entry = entry_of(source, files=[ModelFile("model", NAME, len(CONTENT))])
        assert "it has no source" in (await refusal(make_store(offline=True), entry)).message()
    assert hub.seen == []
