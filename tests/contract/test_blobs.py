"""The contract of `Blobs` over every implementation: a folder, and fsspec's file systems in memory and on disk."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jixi.core.errors import JixiError
from jixi.core.ids import new_id
from jixi.storage import BlobName, Blobs, FolderBlobs, ObjectBlobs


@pytest.fixture(params=["folder", "memory", "file"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return FolderBlobs(tmp_path)
    root = new_id("root") if request.param == "memory" else tmp_path / "objects"
    return ObjectBlobs(f"{request.param}://{root}", tmp_path / "spool")


@pytest.fixture
def name() -> BlobName:
    return BlobName(new_id("ten"), "batches", new_id("file"))


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def broken(part: bytes) -> AsyncIterator[bytes]:
    yield part
    raise ConnectionResetError


async def read(blobs: Blobs, name: BlobName) -> bytes:
    return b"".join([chunk async for chunk in blobs.read(name)])


async def code_of(awaited: object) -> str:
    with pytest.raises(JixiError) as caught:
        await awaited  # pyright: ignore[reportGeneralTypeIssues]
    return caught.value.code


async def test_what_is_written_is_read_back(blobs: Blobs, name: BlobName) -> None:
    big = bytes(range(256)) * 40_000
    assert await blobs.write(name, chunks(b"first,", big, b"", b"last"), len(big) + 10) == len(big) + 10
    assert await read(blobs, name) == b"first," + big + b"last"
    assert await blobs.size(name) == len(big) + 10


async def test_an_empty_blob_is_a_blob(blobs: Blobs, name: BlobName) -> None:
    assert await blobs.write(name, chunks(), 0) == 0
    assert (await blobs.size(name), await read(blobs, name)) == (0, b"")


async def test_what_was_never_written_is_not_found(blobs: Blobs, name: BlobName) -> None:
    assert await code_of(blobs.size(name)) == "not_found"
    assert await code_of(read(blobs, name)) == "not_found"


async def test_the_same_id_of_another_tenant_is_another_blob(blobs: Blobs, name: BlobName) -> None:
    await blobs.write(name, chunks(b"ours"), 100)
    assert await code_of(read(blobs, BlobName(new_id("ten"), name.room, name.id))) == "not_found"


async def test_a_second_writing_replaces_the_first(blobs: Blobs, name: BlobName) -> None:
    await blobs.write(name, chunks(b"a longer text"), 100)
    await blobs.write(name, chunks(b"short"), 100)
    assert await read(blobs, name) == b"short"


async def test_more_than_the_limit_leaves_what_was_there(
    blobs: Blobs, name: BlobName, tmp_path: Path
) -> None:
    await blobs.write(name, chunks(b"12345"), 5)
    assert await code_of(blobs.write(name, chunks(b"1234", b"56"), 5)) == "blob_too_large"
    assert await read(blobs, name) == b"12345"
    assert list((tmp_path / "spool").iterdir()) == []


async def test_what_breaks_off_leaves_nothing(blobs: Blobs, name: BlobName, tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError):
        await blobs.write(name, broken(b"half"), 100)
    assert await code_of(blobs.size(name)) == "not_found"
    assert list((tmp_path / "spool").iterdir()) == []


async def test_a_blob_that_is_being_written_is_not_seen_before_it_is_whole(
    blobs: Blobs, name: BlobName
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"one "
        begun.set()
        await go_on.wait()
        yield b"two"

    writing = asyncio.create_task(blobs.write(name, slowly(), 100))
    await asyncio.wait_for(begun.wait(), 10)
    assert await code_of(blobs.size(name)) == "not_found"
    go_on.set()
    assert await asyncio.wait_for(writing, 10) == 7
    assert await read(blobs, name) == b"one two"


async def test_many_at_once_under_one_name_leave_one_of_them_whole(blobs: Blobs, name: BlobName) -> None:
    texts = [bytes([65 + number]) * 200_000 for number in range(8)]
    await asyncio.gather(*(blobs.write(name, chunks(text[:100], text[100:]), 200_000) for text in texts))
    assert await read(blobs, name) in texts


async def test_a_deleted_blob_is_gone_and_may_be_deleted_again(blobs: Blobs, name: BlobName) -> None:
    await blobs.write(name, chunks(b"text"), 100)
    await blobs.delete(name)
    await blobs.delete(name)
    assert await code_of(blobs.size(name)) == "not_found"


@pytest.mark.parametrize(
    "part", ["", "..", "a/b", "../ten", "ten_x", "/etc", "file_01K9", ".spool", "a\n", "ten\0"]
)
def test_no_name_leads_out_of_the_room(part: str) -> None:
    whole = ("ten_01k9yq3v8m4t6n2c5b7d9f1h3j", "batches", "file_01k9yq3v8m4t6n2c5b7d9f1h3j")
    for at in range(3):
        with pytest.raises(ValueError, match="names no blob"):
            BlobName(*whole[:at], part, *whole[at + 1 :])
