"""Traces over HTTP: who sees which, and what of them."""

from datetime import timedelta
from typing import Any

from starlette.types import ASGIApp

from jixi.assembly.house import House
from jixi.core.principal import Principal, Role
from jixi.core.trace import Attempt
from jixi.governance.audit import Keeping, Traces
from jixi.storage import Vault
from tests.behaviour.people import Person, colleague, neighbour, new_key, with_key
from tests.traces import BEGAN, call, refused


def _caller(person: Person, key_id: str | None = None) -> Principal:
    member = person.member
    return Principal(
        tenant_id=person.tenant["id"], member_id=member["id"], role=Role(member["role"]), key_id=key_id
    )


async def _keep(house: House, *traces: Any) -> None:
    house.traces.take(traces)
    await house.traces.write()


async def _listed(person: Person, **query: Any) -> list[str]:
    answer = await person.get("/api/traces", params=query)
    assert answer.status_code == 200, answer.text
    return [item["request_id"] for item in answer.json()["items"]]


async def test_a_trace_is_told_with_its_marks_and_attempts(admin: Person, house: House) -> None:
    failed = Attempt(target="a", started_ms=2.123456, ended_ms=3.5, status=503, error_code="engine_error")
    good = Attempt(target="b", started_ms=4, first_token_ms=40, ended_ms=400, status=200)
    trace = call(target="b", attempts=[failed, good])
    trace.principal = _caller(admin)
    await _keep(house, trace)
    answer = await admin.get("/api/traces/req_1")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["attempts"] == [
        {
            "target": "a",
            "started_ms": 2.12,
            "first_token_ms": None,
            "ended_ms": 3.5,
            "status": 503,
            "error_code": "engine_error",
        },
        {
            "target": "b",
            "started_ms": 4,
            "first_token_ms": 40,
            "ended_ms": 400,
            "status": 200,
            "error_code": None,
        },
    ]
    assert told["marks"] == trace.marks
    assert (told["model"], told["target"], told["kind"], told["dialect"]) == ("m", "b", "chat", "openai")
    assert (told["input_tokens"], told["cached_input_tokens"], told["output_tokens"]) == (10, 4, 21)
    assert (told["cost_micros"], told["currency"], told["estimated"], told["replayed"]) == (
        31,
        "CNY",
        False,
        False,
    )
    assert (told["request"], told["answer"], told["key_id"]) == (None, None, None)
    assert told["error"] is None


async def test_a_failed_call_says_why_in_the_language_of_the_reader(admin: Person, house: House) -> None:
    trace = call(outcome="failed", error_code="engine_error")
    trace.principal = _caller(admin)
    await _keep(house, trace)
    for language, words in (("en", "The engine of 'm' failed."), ("zh", "模型 'm' 的推理引擎出错。")):
        told = (await admin.get("/api/traces/req_1", headers={"Accept-Language": language})).json()
        assert (told["error"]["code"], told["error"]["message"]) == ("engine_error", words)
        assert told["error"]["remedy"]


async def test_a_list_is_filtered_and_comes_in_pages(admin: Person, house: House) -> None:
    traces = [call(f"req_{n}", began_at=BEGAN + timedelta(seconds=n)) for n in range(5)]
    traces.append(refused(request_id="req_5", began_at=BEGAN + timedelta(seconds=5), model="n"))
    traces.append(call("req_6", began_at=BEGAN + timedelta(seconds=6), outcome="failed"))
    for trace in traces:
        trace.principal = _caller(admin)
    await _keep(house, *traces)
    first = (await admin.get("/api/traces", params={"limit": 4})).json()
    assert [item["request_id"] for item in first["items"]] == ["req_6", "req_5", "req_4", "req_3"]
    assert await _listed(admin, cursor=first["next_cursor"]) == ["req_2", "req_1", "req_0"]
    assert await _listed(admin, outcome="failed") == ["req_6", "req_5"]
    assert await _listed(admin, outcome="refused") == ["req_5"]
    assert await _listed(admin, outcome="refused", model="m") == []
    assert await _listed(admin, model="n", dialect="openai") == ["req_5"]
    assert await _listed(admin, request_id="req_3") == ["req_3"]
    assert await _listed(admin, start="2026-11-23T12:00:05Z") == ["req_6", "req_5"]
    assert await _listed(admin, end="2026-11-23T12:00:01Z") == ["req_0"]
    assert (await admin.get("/api/traces", params={"cursor": "nonsense"})).status_code == 400
    unknown = await admin.get("/api/traces", params={"outcome": "foo"})
    assert [each["field"] for each in unknown.json()["errors"]] == ["outcome"]


async def test_a_developer_sees_their_own_and_an_auditor_the_tenants(
    app: ASGIApp, admin: Person, house: House
) -> None:
    developer = await colleague(app, admin, "developer")
    auditor = await colleague(app, admin, "auditor")
    theirs = await neighbour(app, admin)
    key, secret = await new_key(developer)
    traces = [call("req_admin"), call("req_dev"), call("req_foreign")]
    for trace, caller in zip(
        traces, (_caller(admin), _caller(developer, key["id"]), _caller(theirs)), strict=True
    ):
        trace.principal = caller
    await _keep(house, *traces)
    assert await _listed(developer) == ["req_dev"]
    assert await _listed(with_key(app, secret), key_id=key["id"]) == ["req_dev"]
    for person in (admin, auditor):
        assert sorted(await _listed(person)) == ["req_admin", "req_dev"]
    unknown = await admin.get("/api/traces/req_none")
    for person, foreign in ((developer, "req_admin"), (admin, "req_foreign"), (theirs, "req_dev")):
        answer = await person.get(f"/api/traces/{foreign}")
        assert (answer.status_code, answer.json()["detail"]) == (404, unknown.json()["detail"])


async def test_words_are_for_who_said_them_and_for_administrators(
    app: ASGIApp, admin: Person, house: House
) -> None:
    developer = await colleague(app, admin, "developer")
    auditor = await colleague(app, admin, "auditor")
    trace = call(request=b'{"messages":[]}', answer=b'{"choices":[]}')
    trace.principal = _caller(developer)
    vault = Vault(house.settings.data_dir / "vault.key")
    store = Traces(house.database, house.clock, vault, Keeping(content="redacted"))
    store.take([trace])
    await store.write()
    for person, shown in ((developer, True), (admin, True), (auditor, False)):
        told = (await person.get("/api/traces/req_1")).json()
        assert told["request"] == ({"messages": []} if shown else None)
        assert told["answer"] == ({"choices": []} if shown else None)
