"""Files and batches through the official Python SDK, unchanged, against the real server."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest
from openai.types import Batch

from jixi.assembly.settings import DeploymentSetting, Settings
from tests.behaviour.people import PASSWORD
from tests.behaviour.servers import Served, administrator, new_key, running, wait_until_ready

WITHIN_S = 60
ENDED = {"completed", "failed", "expired", "cancelled"}


SCOPES = ["chat", "completions", "embeddings", "rerank", "batches"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with the stub engine, which obeys each line's field `stub`, and with small caps."""
    stub = DeploymentSetting(name="stub", engine="stub", parallel=8, options={"request_scripts": True})
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("batches") / "data",
        port=0,
        starter="none",
        deployments=(stub,),
        max_file_bytes=1024 * 1024,
        ledger_writer="thread",
    )
    with running(settings) as server, administrator(server) as admin:
        wait_until_ready(admin, 1)
        yield Served(server, admin, new_key(admin, name="Batches", scopes=SCOPES))


def connected(served: Served, key: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{served.running.url}/v1", api_key=key, max_retries=0, timeout=60)


@pytest.fixture
def client(served: Served) -> Iterator[openai.OpenAI]:
    with connected(served, served.key) as made:
        yield made


def request(number: int, url: str = "/v1/chat/completions", **body: Any) -> dict[str, Any]:
    if url == "/v1/chat/completions":
        body = {"messages": [{"role": "user", "content": f"Number {number}"}], "max_tokens": 4} | body
    return {"custom_id": f"r{number}", "method": "POST", "url": url, "body": {"model": "stub"} | body}


def upload(client: openai.OpenAI, *requests: dict[str, Any]) -> str:
    text = "".join(f"{json.dumps(each)}\n" for each in requests)
    return client.files.create(file=("in.jsonl", text.encode()), purpose="batch").id


def begin(client: openai.OpenAI, *requests: dict[str, Any], endpoint: Any = "/v1/chat/completions") -> Batch:
    file_id = upload(client, *requests)
    return client.batches.create(input_file_id=file_id, endpoint=endpoint, completion_window="24h")


def until(client: openai.OpenAI, batch: Batch, *states: str) -> Batch:
    end = time.monotonic() + WITHIN_S
    while time.monotonic() < end:
        batch = client.batches.retrieve(batch.id)
        if batch.status in (states or ENDED):
            return batch
        threading.Event().wait(0.05)
    raise AssertionError(f"the batch is still {batch.status}: {batch.request_counts}")


def lines(client: openai.OpenAI, file_id: str | None) -> dict[str, dict[str, Any]]:
    """The entries of an output file or an error file, by their custom ids; each id is there once."""
    if file_id is None:
        return {}
    entries = [json.loads(line) for line in client.files.content(file_id).text.splitlines()]
    found = {entry["custom_id"]: entry for entry in entries}
    assert len(found) == len(entries)
    return found


def counts(batch: Batch) -> tuple[int, int, int]:
    assert batch.request_counts is not None
    return batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed


def test_a_batch_answers_every_line_and_says_which_failed(client: openai.OpenAI) -> None:
    good = [request(number) for number in range(40)]
    bad = [request(40, max_tokens=-1), request(41, messages=[{"role": "user", "content": "x " * 9000}])]
    began = client.batches.create(
        input_file_id=upload(client, *good, *bad),
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata={"run": "七"},
    )
    assert (began.status, began.object, began.metadata) == ("validating", "batch", {"run": "七"})
    batch = until(client, began)
    assert (batch.status, counts(batch)) == ("completed", (42, 40, 2))
    output = lines(client, batch.output_file_id)
    assert list(output) == [each["custom_id"] for each in good]
    for entry in output.values():
        assert entry["error"] is None
        assert entry["response"]["status_code"] == 200
        assert entry["response"]["body"]["choices"][0]["message"]["content"]
        assert entry["response"]["body"]["usage"]["completion_tokens"] == 4
    errors = lines(client, batch.error_file_id)
    codes = {name: entry["response"]["body"]["error"]["code"] for name, entry in errors.items()}
    assert codes == {"r40": "invalid_value", "r41": "context_length_exceeded"}
    assert batch.created_at <= (batch.in_progress_at or 0) <= (batch.completed_at or 0)
    assert batch.expires_at == batch.created_at + 24 * 3600


def test_what_a_batch_cost_is_summed_up_by_its_id(served: Served, client: openai.OpenAI) -> None:
    batches = [until(client, begin(client, *(request(number) for number in range(size)))) for size in (3, 2)]
    for batch, size in zip(batches, (3, 2), strict=True):
        totals = served.admin.get("/api/usage", params={"batch": batch.id}).json()["totals"]
        charges = served.admin.get("/api/charges", params={"batch": batch.id}).json()["items"]
        assert (totals["calls"], totals["output_tokens"]) == (size, 4 * size)
        assert totals["cost_micros"] == sum(charge["cost_micros"] for charge in charges) > 0
        assert {charge["tier"] for charge in charges} == {"batch"}


def test_a_file_with_faults_fails_with_their_lines_before_anything_runs(client: openai.OpenAI) -> None:
    batch = until(client, begin(client, request(1), request(2, stream=True), request(3, model="nobody")))
    assert batch.status == "failed"
    assert batch.errors is not None
    assert [(each.line, each.code, each.param) for each in batch.errors.data or ()] == [
        (2, "batch_stream", "body.stream")
    ]
    assert (counts(batch), batch.output_file_id, batch.error_file_id) == ((0, 0, 0), None, None)


def test_files_are_listed_read_and_deleted(client: openai.OpenAI) -> None:
    ids = [upload(client, request(number)) for number in range(3)]
    first = client.files.list(purpose="batch", limit=2)
    assert [file.id for file in first.data] == [ids[2], ids[1]]
    assert first.has_more
    listed = [file.id for file in client.files.list(limit=2)]
    assert [each for each in listed if each in ids] == [ids[2], ids[1], ids[0]]
    file = client.files.retrieve(ids[0])
    content = client.files.content(ids[0]).read()
    assert (file.purpose, file.filename, file.bytes) == ("batch", "in.jsonl", len(content))
    assert json.loads(content) == request(0)
    assert client.files.delete(ids[0]).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(ids[0])


def test_what_cannot_be_a_batch_is_refused_in_openais_form(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="purpose"):
        client.files.create(file=("in.jsonl", b"{}"), purpose="fine-tune")
    with pytest.raises(openai.APIStatusError) as large:
        client.files.create(file=("in.jsonl", b"x" * (1024 * 1024 + 1)), purpose="batch")
    assert (large.value.status_code, large.value.code) == (413, "blob_too_large")
    file_id = upload(client, request(1))
    asked: Any = {"input_file_id": file_id, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    for wrong in ({"endpoint": "/v1/models"}, {"completion_window": "1h"}, {"metadata": {"k": "v" * 513}}):
        with pytest.raises(openai.BadRequestError) as refused:
            client.batches.create(**asked | wrong)
        assert [refused.value.param] == list(wrong)
    for unknown in ("file_unknown", "file_01k9yq3v8m4t6n2c5b7d9f1h3j"):
        with pytest.raises(openai.NotFoundError):
            client.batches.create(**asked | {"input_file_id": unknown})
    with pytest.raises(openai.NotFoundError):
        client.batches.retrieve("batch_01k9yq3v8m4t6n2c5b7d9f1h3j")


def test_a_retry_with_the_same_key_makes_one_file_and_one_batch(served: Served) -> None:
    """Each client draws a boundary of its own for the form, so it is the file that is compared."""
    key = new_key(served.admin, name="Retries", scopes=SCOPES)
    with connected(served, key) as client, connected(served, key) as other:
        text = json.dumps(request(1)).encode() + b"\n"
        before = len(client.files.list(purpose="batch").data), len(client.batches.list().data)
        headers = {"Idempotency-Key": "file"}
        files = [
            each.files.create(file=("in.jsonl", text), purpose="batch", extra_headers=headers)
            for each in (client, other)
        ]
        assert files[0] == files[1]
        with pytest.raises(openai.UnprocessableEntityError, match="Idempotency-Key"):
            client.files.create(file=("in.jsonl", text * 2), purpose="batch", extra_headers=headers)
        batches = [
            each.batches.create(
                input_file_id=files[0].id,
                endpoint="/v1/chat/completions",
                completion_window="24h",
                extra_headers={"Idempotency-Key": "batch"},
            )
            for each in (client, other)
        ]
        assert batches[0] == batches[1]
        after = len(client.files.list(purpose="batch").data), len(client.batches.list().data)
        assert after == (before[0] + 1, before[1] + 1)
        until(client, batches[0])


def test_a_key_without_the_scope_reaches_no_files_and_no_batches(served: Served) -> None:
    with connected(served, new_key(served.admin, name="Chat", scopes=["chat"])) as client:
        with pytest.raises(openai.PermissionDeniedError) as caught:
            client.files.list()
        assert caught.value.code == "scope_missing"
        with pytest.raises(openai.PermissionDeniedError):
            client.batches.list()
    only = new_key(served.admin, name="Only", scopes=["batches"])
    with connected(served, only) as client, pytest.raises(openai.PermissionDeniedError, match="chat"):
        begin(client, request(1))


def test_a_revoked_key_ends_its_batch_and_keeps_what_was_answered(
    served: Served, client: openai.OpenAI
) -> None:
    with connected(served, new_key(served.admin, name="Doomed", scopes=SCOPES)) as doomed:
        batch = begin(doomed, *(request(number, stub={"drip_ms": 60}) for number in range(100)))
    (key,) = [each for each in served.admin.get("/api/keys").json()["items"] if each["name"] == "Doomed"]
    end = time.monotonic() + WITHIN_S
    while counts(client.batches.retrieve(batch.id))[1] < 2:
        assert time.monotonic() < end
        threading.Event().wait(0.05)
    assert served.admin.delete(f"/api/keys/{key['id']}").status_code == 204
    batch = until(client, batch)
    assert batch.status == "failed"
    assert [each.code for each in (batch.errors and batch.errors.data) or ()] == ["api_key_revoked"]
    output = lines(client, batch.output_file_id)
    assert 2 <= len(output) == counts(batch)[1] < 100


def test_a_batch_is_cancelled_and_its_job_tells_so_to_whoever_follows_it(
    served: Served, client: openai.OpenAI
) -> None:
    batch = begin(client, *(request(number, stub={"drip_ms": 60}) for number in range(100)))
    jobs = served.admin.get("/api/jobs").json()["items"]
    (job,) = [each for each in jobs if each["subject"] == batch.id]
    assert served.admin.get(f"/api/jobs/{job['id']}").json()["kind"] == "batch"
    seen: list[dict[str, Any]] = []
    with served.admin.stream("GET", f"/api/jobs/{job['id']}/events") as events:
        for line in events.iter_lines():
            if line.startswith("data: "):
                seen.append(json.loads(line.removeprefix("data: ")))
                if seen[-1]["done"] >= 2 and not seen[-1]["cancel_requested_at"]:
                    assert client.batches.cancel(batch.id).status == "cancelling"
    assert seen[-1]["state"] == "cancelled"
    assert seen == sorted(seen, key=lambda each: each["version"])
    batch = client.batches.retrieve(batch.id)
    assert batch.status == "cancelled"
    assert seen[-1]["done"] == counts(batch)[1] == len(lines(client, batch.output_file_id)) < 100
    errors = lines(client, batch.error_file_id)
    assert {entry["error"]["code"] for entry in errors.values()} == {"batch_cancelled"}
    again = served.admin.post(f"/api/jobs/{job['id']}/cancel")
    assert (again.status_code, again.json()["state"]) == (202, "cancelled")
    assert served.admin.get("/api/jobs/job_01k9yq3v8m4t6n2c5b7d9f1h3j").status_code == 404


def test_who_has_signed_out_follows_a_job_no_longer(served: Served, client: openai.OpenAI) -> None:
    batch = begin(client, *(request(number, stub={"drip_ms": 60}) for number in range(100)))
    jobs = served.admin.get("/api/jobs").json()["items"]
    (job,) = [each for each in jobs if each["subject"] == batch.id]
    with httpx2.Client(base_url=served.running.url, timeout=WITHIN_S) as browser:
        signed_in = browser.post("/api/session", json={"email": "lin@example.com", "password": PASSWORD})
        token = {"X-CSRF-Token": signed_in.json()["csrf_token"]}
        with browser.stream("GET", f"/api/jobs/{job['id']}/events") as events:
            told = events.iter_lines()
            assert next(told).startswith("id: ")
            assert browser.delete("/api/session", headers=token).status_code == 204
            rest = list(told)
    assert rest[rest.index("event: end") + 1] == 'data: {"code":"not_authenticated"}'
    client.batches.cancel(batch.id)
    assert until(client, batch).status == "cancelled"
