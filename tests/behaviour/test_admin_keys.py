"""API keys over HTTP: shown once, changed with care, revoked for good."""

import asyncio
import json
from datetime import timedelta

from starlette.types import ASGIApp

from jixi.assembly.house import House
from jixi.server.app import create_app
from tests.behaviour.people import Person, colleague, new_key, visitor, with_key


async def test_a_secret_is_shown_once_and_lies_nowhere(app: ASGIApp, admin: Person, house: House) -> None:
    key, secret = await new_key(admin, name="Search")
    assert secret.startswith("sk-jixi-")
    assert "secret" not in key
    seen = (await admin.get("/api/keys")).text + (await admin.get(f"/api/keys/{key['id']}")).text
    assert secret not in seen
    await house.identity.keys.note_use()
    stored = b"".join(path.read_bytes() for path in house.settings.data_dir.rglob("*") if path.is_file())
    assert secret.encode() not in stored
    assert secret.removeprefix("sk-jixi-").encode() not in stored


async def test_a_key_is_read_changed_and_revoked(app: ASGIApp, admin: Person) -> None:
    key, secret = await new_key(admin, models=["stub"], monthly_limit_micros=5_000_000)
    address = f"/api/keys/{key['id']}"
    assert (key["status"], key["models"], key["monthly_limit_micros"]) == ("active", ["stub"], 5_000_000)
    read = await admin.get(address)
    assert read.json() == key
    assert read.headers["etag"] == f'"{key["version"]}"'
    changed = await admin.patch(
        address, json={"name": "Renamed", "models": None, "monthly_limit_micros": None}
    )
    assert (changed.json()["name"], changed.json()["models"]) == ("Renamed", None)
    assert changed.json()["monthly_limit_micros"] is None
    assert changed.json()["scopes"] == key["scopes"]
    assert (await admin.delete(address)).status_code == 204
    assert (await admin.delete(address)).status_code == 204
    assert (await admin.get(address)).json()["status"] == "revoked"
    assert (await with_key(app, secret).get("/api/keys")).json()["code"] == "api_key_revoked"


async def test_a_change_on_an_old_version_is_refused_and_changes_nothing(admin: Person) -> None:
    key, _ = await new_key(admin)
    address, first = f"/api/keys/{key['id']}", f'"{key["version"]}"'
    assert (await admin.patch(address, json={"name": "A"}, headers={"If-Match": first})).status_code == 200
    late = await admin.patch(address, json={"name": "B"}, headers={"If-Match": first})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert (await admin.get(address)).json()["name"] == "A"
    assert (await admin.patch(address, json={"name": "C"}, headers={"If-Match": "*"})).status_code == 200
    for wrong in ('W/"3"', '"x"', '"3'):
        refused = await admin.patch(address, json={"name": "D"}, headers={"If-Match": wrong})
        assert refused.status_code == 400, wrong


async def test_of_two_changes_at_once_on_one_version_only_one_wins(admin: Person) -> None:
    key, _ = await new_key(admin)
    headers = {"If-Match": f'"{key["version"]}"'}
    answers = await asyncio.gather(
        *(admin.patch(f"/api/keys/{key['id']}", json={"name": f"N{n}"}, headers=headers) for n in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]


async def test_a_developer_sees_and_reaches_their_own_keys_alone(app: ASGIApp, admin: Person) -> None:
    theirs, _ = await new_key(admin)
    developer = await colleague(app, admin, "developer")
    own, _ = await new_key(developer, scopes=["chat"])
    assert [key["id"] for key in (await developer.get("/api/keys")).json()["items"]] == [own["id"]]
    assert {key["id"] for key in (await admin.get("/api/keys")).json()["items"]} == {own["id"], theirs["id"]}
    for method in ("GET", "DELETE", "PATCH"):
        body = {"name": "Mine"} if method == "PATCH" else None
        answer = await developer.request(method, f"/api/keys/{theirs['id']}", json=body)
        assert answer.status_code == 404, method


async def test_nobody_lifts_their_own_limit_without_the_right_to(app: ASGIApp, admin: Person) -> None:
    developer = await colleague(app, admin, "developer")
    key, _ = await new_key(developer, scopes=["chat"], monthly_limit_micros=5)
    refused = await developer.patch(f"/api/keys/{key['id']}", json={"monthly_limit_micros": None})
    assert refused.status_code == 403
    assert (await developer.get(f"/api/keys/{key['id']}")).json()["monthly_limit_micros"] == 5


async def test_a_key_cannot_make_a_key_that_may_do_more(app: ASGIApp, admin: Person) -> None:
    _, secret = await new_key(admin, scopes=["admin"], models=["stub"])
    program = with_key(app, secret)
    more = await program.post("/api/keys", json={"name": "More", "scopes": ["chat"], "models": ["stub"]})
    assert (more.status_code, more.json()["code"]) == (403, "scope_missing")
    wider = await program.post("/api/keys", json={"name": "Wider", "scopes": ["admin"]})
    assert (wider.status_code, wider.json()["code"]) == (403, "model_not_allowed")
    same = await program.post("/api/keys", json={"name": "Same", "scopes": ["admin"], "models": ["stub"]})
    assert same.status_code == 201


async def test_an_end_in_the_past_is_a_mistake(admin: Person, house: House) -> None:
    past = (house.clock.now() - timedelta(seconds=1)).isoformat()
    refused = await admin.post("/api/keys", json={"name": "K", "scopes": ["chat"], "expires_at": past})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_value")
    assert (await admin.get("/api/keys")).json()["items"] == []


async def test_lists_come_in_pages_that_neither_miss_nor_repeat(admin: Person) -> None:
    made = {(await new_key(admin, name=f"K{n}"))[0]["id"] for n in range(7)}
    seen: list[str] = []
    cursor: str | None = None
    pages = 0
    while True:
        answer = await admin.get("/api/keys", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))
        seen += [key["id"] for key in answer.json()["items"]]
        cursor, pages = answer.json()["next_cursor"], pages + 1
        if cursor is None:
            break
    assert (len(seen), set(seen), pages) == (7, made, 3)
    assert seen == sorted(seen, reverse=True)


async def test_a_retry_with_the_same_idempotency_key_makes_one_key(admin: Person) -> None:
    body, headers = {"name": "Once", "scopes": ["chat"]}, {"Idempotency-Key": "retry-1"}
    first = await admin.post("/api/keys", json=body, headers=headers)
    again = await admin.post("/api/keys", json=body, headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert len((await admin.get("/api/keys")).json()["items"]) == 1


async def test_retries_at_once_make_one_key(admin: Person) -> None:
    body, headers = {"name": "Once", "scopes": ["chat"]}, {"Idempotency-Key": "storm"}
    answers = await asyncio.gather(*(admin.post("/api/keys", json=body, headers=headers) for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"request_running"}
    assert len({json.dumps(a.json(), sort_keys=True) for a in answers if a.status_code == 201}) == 1
    assert len((await admin.get("/api/keys")).json()["items"]) == 1


async def test_an_idempotency_key_is_for_one_request_of_one_member(app: ASGIApp, admin: Person) -> None:
    body, headers = {"name": "Once", "scopes": ["chat"]}, {"Idempotency-Key": "mine"}
    assert (await admin.post("/api/keys", json=body, headers=headers)).status_code == 201
    other = await admin.post("/api/keys", json=body | {"name": "Other"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    member = {"email": "a@example.com", "name": "A", "role": "auditor"}
    assert (await admin.post("/api/members", json=member, headers=headers)).status_code == 422
    developer = await colleague(app, admin, "developer")
    theirs = await developer.post("/api/keys", json=body, headers=headers)
    assert theirs.status_code == 201
    assert theirs.json()["key"]["member_id"] == developer.member["id"]


async def test_a_failed_request_leaves_its_idempotency_key_free(admin: Person, house: House) -> None:
    headers = {"Idempotency-Key": "second-try"}
    past = (house.clock.now() - timedelta(days=1)).isoformat()
    body = {"name": "K", "scopes": ["chat"]}
    assert (
        await admin.post("/api/keys", json=body | {"expires_at": past}, headers=headers)
    ).status_code == 400
    taken = {"email": admin.member["email"], "name": "N", "role": "auditor"}
    assert (await admin.post("/api/members", json=taken, headers=headers)).status_code == 409
    assert (await admin.post("/api/keys", json=body, headers=headers)).status_code == 201


async def test_a_retry_after_the_secret_is_forgotten_is_refused_and_makes_nothing(
    admin: Person, house: House
) -> None:
    body, headers = {"name": "Once", "scopes": ["chat"]}, {"Idempotency-Key": "late"}
    first = await admin.post("/api/keys", json=body, headers=headers)
    restarted = visitor(create_app(house))
    restarted.client.cookies.update(admin.client.cookies)
    restarted.client.headers["X-CSRF-Token"] = admin.client.headers["X-CSRF-Token"]
    late = await restarted.post("/api/keys", json=body, headers=headers)
    assert (late.status_code, late.json()["code"]) == (409, "secret_shown_before")
    assert [key["id"] for key in (await admin.get("/api/keys")).json()["items"]] == [
        first.json()["key"]["id"]
    ]
