"""Model calls with an Idempotency-Key: however often a client tries, one effect and one charge."""

import json
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import openai
import pytest

from tests.behaviour.servers import Served, new_key

CHAT: dict[str, Any] = {
    "model": "stub",
    "messages": [{"role": "user", "content": "Say hello"}],
    "max_tokens": 4,
}
BODIES: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": CHAT,
    "/v1/messages": CHAT,
    "/v1/responses": {"model": "stub", "input": "Say hello", "max_output_tokens": 4},
    "/v1/completions": {"model": "stub", "prompt": "Hello", "max_tokens": 4},
}


class Caller:
    """Somebody with a key of their own, whose charges can be counted."""

    def __init__(self, models: Served, name: str) -> None:
        self.secret = new_key(models.admin, name=name)
        (self._id,) = [
            key["id"] for key in models.admin.get("/api/keys").json()["items"] if key["name"] == name
        ]
        self._admin = models.admin
        self.http = httpx2.Client(
            base_url=models.running.url, headers={"authorization": f"Bearer {self.secret}"}, timeout=30
        )

    def post(self, path: str, key: str, body: dict[str, Any], **options: Any) -> httpx2.Response:
        return self.http.post(path, json=body, headers={"idempotency-key": key}, **options)

    def charges(self) -> int:
        usage = self._admin.get("/api/usage", params={"group_by": ["key"]}).json()
        return sum(row["calls"] for row in usage["rows"] if row["key_id"] == self._id)


@pytest.fixture
def caller(models: Served) -> Iterator[Caller]:
    made = Caller(models, uuid.uuid4().hex)
    yield made
    made.http.close()


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("path", list(BODIES))
def test_a_second_try_gets_the_first_answer_without_a_charge(caller: Caller, path: str, stream: bool) -> None:
    body = BODIES[path] | {"stream": stream}
    first, second = (caller.post(path, "k", body) for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert first.headers["content-type"] == second.headers["content-type"]
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert caller.charges() == 1


def test_a_key_is_its_callers_and_its_addresses_alone(caller: Caller, models: Served) -> None:
    other = Caller(models, "Other caller")
    answers = [
        caller.post("/v1/chat/completions", "k", CHAT),
        other.post("/v1/chat/completions", "k", CHAT),
        caller.post("/v1/messages", "k", CHAT),
    ]
    other.http.close()
    assert not any("idempotent-replayed" in answer.headers for answer in answers)
    assert (caller.charges(), other.charges()) == (2, 1)


def test_another_body_under_the_same_key_is_refused_in_the_callers_dialect(caller: Caller) -> None:
    for path in ("/v1/chat/completions", "/v1/messages"):
        caller.post(path, "k", CHAT)
        refused = caller.post(path, "k", CHAT | {"max_tokens": 5})
        assert refused.status_code == 422
        error = refused.json()["error"]
        assert "idempotency_mismatch" in (error.get("code"), error.get("details", {}).get("error_code"))
    assert caller.charges() == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "sp ace"])
def test_a_key_that_is_none_is_refused(caller: Caller, key: str) -> None:
    refused = caller.post("/v1/chat/completions", key, CHAT)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "Idempotency-Key")
    assert caller.charges() == 0


def test_while_the_first_try_runs_the_next_is_told_to_wait(caller: Caller) -> None:
    slow = CHAT | {"stub": {"drip_ms": 400}}
    with ThreadPoolExecutor(2) as pool:
        tries = [pool.submit(caller.post, "/v1/chat/completions", "k", slow) for _ in range(2)]
        told, first = sorted((one.result() for one in tries), key=lambda answer: -answer.status_code)
    assert (first.status_code, told.status_code, told.headers["retry-after"]) == (200, 409, "1")
    assert caller.post("/v1/chat/completions", "k", slow).content == first.content
    assert caller.charges() == 1


@pytest.mark.parametrize(
    "fault",
    [{"status": 500}, {"cut_at": 5}, {"cut_at": 900, "stall_at": 0}],
    ids=["refused", "cut", "cut stream"],
)
def test_what_failed_frees_its_key(caller: Caller, fault: dict[str, int]) -> None:
    broken = CHAT | {"stub": fault, "stream": "stall_at" in fault, "max_tokens": 40}
    caller.post("/v1/chat/completions", "k", broken)
    again = caller.post("/v1/chat/completions", "k", CHAT)
    assert again.status_code == 200
    assert "idempotent-replayed" not in again.headers


def test_what_broke_after_it_was_charged_is_tried_again_for_nothing_once(caller: Caller) -> None:
    broken = CHAT | {"stub": {"cut_at": 900}, "stream": True, "max_tokens": 40}
    charges: list[int] = []
    for _ in range(4):
        answer = caller.post("/v1/chat/completions", "k", broken)
        assert (answer.status_code, b"[DONE]" in answer.content) == (200, False)
        charges.append(caller.charges())
    assert charges == [1, 1, 2, 2]


def test_a_call_goes_on_when_its_caller_leaves_and_the_next_try_gets_the_answer(caller: Caller) -> None:
    slow = CHAT | {"stub": {"drip_ms": 200}}
    with pytest.raises(httpx2.TimeoutException):
        caller.post("/v1/chat/completions", "k", slow, timeout=0.3)
    answer = caller.post("/v1/chat/completions", "k", slow)
    while answer.status_code == 409:
        threading.Event().wait(0.05)
        answer = caller.post("/v1/chat/completions", "k", slow)
    assert answer.headers["idempotent-replayed"] == "true"
    assert len(answer.json()["choices"][0]["message"]["content"].split()) == 4
    assert caller.charges() == 1


class Lossy(httpx2.HTTPTransport):
    """Loses two answers in three after the server has sent them."""

    def __init__(self) -> None:
        super().__init__()
        self.lost = 0
        self._count = 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = super().handle_request(request)
        answer.read()
        self._count += 1
        if self._count % 3:
            self.lost += 1
            raise httpx2.ReadError("the answer was lost")
        return answer


def test_however_many_answers_are_lost_each_call_is_charged_once(caller: Caller, models: Served) -> None:
    calls = 60
    transport = Lossy()
    with openai.OpenAI(
        base_url=f"{models.running.url}/v1",
        api_key=caller.secret,
        max_retries=8,
        http_client=openai.DefaultHttpxClient(transport=transport),
    ) as client:
        client._calculate_retry_timeout = lambda *_args, **_more: 0.0  # type: ignore[method-assign]
        answers = [
            client.chat.completions.create(
                model="stub",
                messages=[{"role": "user", "content": f"Call {number}"}],
                max_tokens=2,
                extra_headers={"idempotency-key": f"call-{number}"},
            )
            for number in range(calls)
        ]
    assert transport.lost == 2 * calls
    assert all(answer.choices[0].message.content for answer in answers)
    assert caller.charges() == calls


def test_nothing_of_a_kept_answer_can_be_read_in_the_database(caller: Caller, models: Served) -> None:
    say = CHAT | {"stub": {"say": "open sesame"}, "max_tokens": 9}
    caller.post("/v1/chat/completions", "k", say)
    folder = models.running.house.settings.data_dir
    kept = b"".join(path.read_bytes() for path in folder.glob("jixi.db*"))
    assert b"call_answers" in kept
    assert b"sesame" not in kept
    assert json.loads(caller.post("/v1/chat/completions", "k", say).content)["choices"]
