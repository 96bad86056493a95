"""What is checked before anything is run, and what a tenant may keep."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from jixi.core.errors import JixiError
from jixi.core.ids import new_id
from jixi.models.batches import Files, Page
from jixi.storage import FolderBlobs
from tests.unit.batches.works import CAPS, CHAT, Works, line, lines


async def faults_of(house: Works, content: str) -> list[tuple[int | None, str, str | None]]:
    """(line, code, param) of everything that is wrong with an input."""
    batch = await house.begin(content)
    await house.hire()
    batch = await house.ended(batch)
    assert (batch.status, batch.total, batch.output_file_id, batch.error_file_id) == ("failed", 0, None, None)
    assert await house.charges(batch) == []
    assert (await house.job_of(batch)).state == "failed"
    return [(fault.line, fault.code, fault.param) for fault in batch.faults]


def changed(number: int, **fields: Any) -> str:
    return json.dumps(json.loads(line(number)) | fields) + "\n"


async def test_every_fault_is_told_with_its_line_and_nothing_is_run(house: Works) -> None:
    content = [
        line(1),
        "{broken\n",
        changed(3, method="GET"),
        "\n",
        changed(5, url="/v1/embeddings"),
        changed(6, custom_id=""),
        changed(7, body={"messages": []}),
        changed(8, body=[]),
        line(9, stream=True),
        line(10, custom_id="r1"),
        changed(11, custom_id=7),
        "[]\n",
        line(13),
    ]
    assert await faults_of(house, "".join(content)) == [
        (2, "batch_line_malformed", None),
        (3, "batch_method", "method"),
        (5, "batch_url", "url"),
        (6, "batch_id_length", "custom_id"),
        (7, "batch_field_missing", "body.model"),
        (8, "batch_field_mistyped", "body"),
        (9, "batch_stream", "body.stream"),
        (10, "batch_id_repeated", "custom_id"),
        (11, "batch_field_mistyped", "custom_id"),
        (12, "batch_field_mistyped", None),
    ]


async def test_every_reader_is_told_of_a_fault_in_their_own_language(house: Works) -> None:
    content = ["{broken\n", changed(2, url="/v1/embeddings"), changed(3, body={}), changed(4, custom_id=7)]
    batch = await house.begin("".join(content))
    await house.hire()
    errors = [fault.error() for fault in (await house.ended(batch)).faults]
    assert [error.message("en") for error in errors] == [
        "The line is not valid JSON at its byte 2.",
        "The url is not the endpoint of the batch, /v1/chat/completions.",
        "The field body.model is missing.",
        "The field custom_id is of the type int, not str.",
    ]
    assert [error.message("zh") for error in errors] == [
        "该行不是有效的 JSON：第 2 字节处有误。",
        "请求的 url 与该批处理的接口 /v1/chat/completions 不一致。",
        "缺少字段 body.model。",
        "字段 custom_id 的类型是 int，应为 str。",
    ]


async def test_models_that_are_not_there_are_told_before_anything_is_run(house: Works) -> None:
    assert await faults_of(house, line(1) + line(2, model="nobody")) == [(2, "model_not_found", "body.model")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param("", "batch_empty", id="empty"),
        pytest.param("\n \n", "batch_empty", id="blank"),
        pytest.param("x" * (CAPS.line_bytes + 1), "batch_line_too_long", id="long line"),
        pytest.param(lines(CAPS.lines + 1), "batch_too_long", id="many lines"),
    ],
)
async def test_inputs_of_the_wrong_size_are_refused(house: Works, content: str, code: str) -> None:
    assert [each[1] for each in await faults_of(house, content)] == [code]


async def test_other_endpoints_than_those_of_batches_are_refused(house: Works) -> None:
    file_id = await house.upload(lines(1))
    with pytest.raises(JixiError) as caught:
        await house.batches.create(house.principal, file_id, "/v1/models")
    assert (caught.value.code, caught.value.param) == ("invalid_value", "endpoint")


async def test_embeddings_and_rankings_run_as_batches_too(house: Works) -> None:
    await house.hire()
    for url, body in (
        ("/v1/embeddings", {"input": "light"}),
        ("/v1/rerank", {"query": "light", "documents": ["lamp", "stone"]}),
        ("/v1/completions", {"prompt": "Once", "max_tokens": 3}),
    ):
        batch = await house.begin(line(1, url, **body) + line(2, url, **body), url)
        batch = await house.ended(batch)
        assert (batch.status, batch.completed, batch.failed) == ("completed", 2, 0)


async def test_files_and_batches_of_others_do_not_exist(house: Works) -> None:
    batch = await house.begin(lines(1))
    for tenant, owner in ((new_id("ten"), None), (batch.tenant_id, new_id("mem"))):
        for ask in (
            house.files.get(tenant, batch.input_file_id, owner=owner),
            house.files.remove(tenant, batch.input_file_id, owner=owner),
            house.batches.get(tenant, batch.id, owner=owner),
            house.batches.cancel(tenant, batch.id, owner=owner),
        ):
            with pytest.raises(JixiError) as caught:
                await ask
            assert caught.value.code == "not_found"
        assert await house.files.page(tenant, Page(9), owner=owner) == []
        assert await house.batches.page(tenant, Page(9), owner=owner) == []


async def test_a_file_in_use_stays_and_goes_once_its_batch_has_ended(house: Works) -> None:
    batch = await house.begin(lines(1))
    with pytest.raises(JixiError) as caught:
        await house.files.remove(batch.tenant_id, batch.input_file_id)
    assert caught.value.code == "file_in_use"
    await house.hire()
    await house.ended(batch)
    await house.files.remove(batch.tenant_id, batch.input_file_id)
    with pytest.raises(JixiError):
        await house.files.get(batch.tenant_id, batch.input_file_id)


async def test_a_tenant_keeps_as_much_as_it_may_and_no_more(house: Works) -> None:
    with pytest.raises(JixiError) as caught:
        await house.upload("x" * (CAPS.file_bytes + 1))
    assert caught.value.code == "blob_too_large"
    for _ in range(CAPS.tenant_batches):
        await house.begin(lines(1))
    file_id = await house.upload(lines(1))
    with pytest.raises(JixiError) as caught:
        await house.batches.create(house.principal, file_id, CHAT)
    assert caught.value.code == "quota_full"
    for _ in range(CAPS.tenant_files - CAPS.tenant_batches - 1):
        await house.upload(lines(1))
    with pytest.raises(JixiError) as caught:
        await house.upload(lines(1))
    assert caught.value.code == "quota_full"


async def test_what_is_made_again_under_its_id_is_found_as_it_stands(house: Works) -> None:
    file_id, batch_id = new_id("file"), new_id("batch")

    async def chunks() -> AsyncIterator[bytes]:
        yield lines(1).encode()

    files = [await house.files.add(house.principal, "in.jsonl", chunks(), file_id=file_id) for _ in range(2)]
    assert files[0] == files[1]
    batches = await asyncio.gather(
        *(house.batches.create(house.principal, file_id, CHAT, batch_id=batch_id) for _ in range(4))
    )
    assert {each.id for each in batches} == {batch_id}
    assert len({each.job_id for each in batches}) == 1


async def test_twenty_at_once_get_no_more_than_one_after_another(house: Works) -> None:
    uploads = await asyncio.gather(*(house.upload(lines(1)) for _ in range(20)), return_exceptions=True)
    kept = [each for each in uploads if isinstance(each, str)]
    refused = [each for each in uploads if isinstance(each, JixiError)]
    assert (len(kept), {each.code for each in refused}) == (CAPS.tenant_files, {"quota_full"})
    blobs = [path for path in house.folder.rglob("file_*") if path.is_file()]
    assert sorted(path.name for path in blobs) == sorted(kept)
    begun = await asyncio.gather(
        *(house.batches.create(house.principal, kept[0], CHAT) for _ in range(20)), return_exceptions=True
    )
    refused = [each for each in begun if isinstance(each, JixiError)]
    assert (20 - len(refused), {each.code for each in refused}) == (CAPS.tenant_batches, {"quota_full"})


async def test_a_file_that_is_larger_than_what_is_left_is_refused(house: Works) -> None:
    caps = msgspec.structs.replace(CAPS, tenant_bytes=len(lines(1)) * 2)
    house.files = Files(house.database, FolderBlobs(house.folder), house.clock, caps)
    await house.upload(lines(1))
    with pytest.raises(JixiError) as caught:
        await house.upload(lines(2))
    assert caught.value.code == "quota_full"
    await house.upload(lines(1))


async def test_files_whose_time_is_over_are_dropped(house: Works) -> None:
    batch = await house.begin(lines(1))
    file_id = await house.upload(lines(1))
    house.clock.ahead = CAPS.kept * 1.01
    assert await house.files.tidy() == 1
    with pytest.raises(JixiError):
        await house.files.get(batch.tenant_id, file_id)
    assert (await house.files.get(batch.tenant_id, batch.input_file_id)).bytes
