"""Getting in and out: set-up, sign-in, sessions, CSRF, one's own profile."""

import pytest
from starlette.types import ASGIApp

from jixi.assembly.house import House
from tests.behaviour.people import (
    PASSWORD,
    Person,
    colleague,
    first_administrator,
    new_key,
    token_of,
    visitor,
    with_key,
)


async def test_the_first_administrator_gets_in_by_the_link_and_by_nothing_else(
    app: ASGIApp, house: House
) -> None:
    stranger = visitor(app)
    assert (await stranger.get("/api/setup")).json() == {"needed": True}
    body = {
        "token": "guessed",
        "organisation": "O",
        "name": "N",
        "email": "a@b.example",
        "password": PASSWORD,
    }
    refused = await stranger.post("/api/setup", json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "link_invalid")
    assert house.setup_link is not None
    admin = await first_administrator(app, house.setup_link)
    assert admin.member["role"] == "platform_admin"
    assert (await admin.get("/api/session")).json()["tenant"]["name"] == "Example Works"


async def test_the_setup_link_works_once_and_never_again(app: ASGIApp, house: House) -> None:
    assert house.setup_link is not None
    await first_administrator(app, house.setup_link)
    assert (await visitor(app).get("/api/setup")).json() == {"needed": False}
    body = {
        "token": token_of(house.setup_link),
        "organisation": "Mine",
        "name": "N",
        "email": "thief@example.com",
        "password": PASSWORD,
    }
    refused = await visitor(app).post("/api/setup", json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "link_invalid")


async def test_the_session_cookie_is_kept_from_scripts_and_other_sites(app: ASGIApp, admin: Person) -> None:
    answer = await visitor(app).post("/api/session", json={"email": "lin@example.com", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    assert answer.headers["cache-control"] == "no-store"
    assert PASSWORD not in answer.text


async def test_a_wrong_password_and_an_unknown_address_look_the_same(app: ASGIApp, admin: Person) -> None:
    wrong = await visitor(app).post("/api/session", json={"email": "lin@example.com", "password": "wrong"})
    unknown = await visitor(app).post("/api/session", json={"email": "no@example.com", "password": "wrong"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() | {"instance": ""} == unknown.json() | {"instance": ""}


async def test_the_eleventh_sign_in_within_a_minute_has_to_wait(app: ASGIApp, admin: Person) -> None:
    body = {"email": "lin@example.com", "password": "wrong"}
    statuses = [(await visitor(app).post("/api/session", json=body)).status_code for _ in range(10)]
    assert statuses == [401] * 10
    refused = await visitor(app).post("/api/session", json=body | {"password": PASSWORD})
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60


async def test_a_change_without_the_csrf_token_is_refused(admin: Person) -> None:
    for headers in ({"X-CSRF-Token": ""}, {"X-CSRF-Token": "guessed"}):
        refused = await admin.patch("/api/session", json={"name": "Mallory"}, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
    assert (await admin.patch("/api/session", json={"name": "Lin"})).json()["member"]["name"] == "Lin"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Origin": "http://127.0.0.1:8210.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_request_from_another_sites_page_is_refused(
    app: ASGIApp, admin: Person, headers: dict[str, str]
) -> None:
    changed = await admin.patch("/api/session", json={"name": "Mallory"}, headers=headers)
    assert (changed.status_code, changed.json()["code"]) == (403, "csrf_failed")
    body = {"email": "lin@example.com", "password": PASSWORD}
    assert (await visitor(app).post("/api/session", json=body, headers=headers)).status_code == 403
    own = {"Origin": "http://127.0.0.1:8210", "Sec-Fetch-Site": "same-origin"}
    assert (await admin.patch("/api/session", json={"name": "Lin"}, headers=own)).status_code == 200


async def test_signing_out_ends_the_session_on_the_server(app: ASGIApp, admin: Person) -> None:
    cookie = dict(admin.client.cookies)
    assert (await admin.delete("/api/session")).status_code == 204
    thief = visitor(app)
    thief.client.cookies.update(cookie)
    assert (await thief.get("/api/session")).status_code == 401


async def test_a_new_password_needs_the_old_one_and_ends_the_other_sessions(
    app: ASGIApp, admin: Person
) -> None:
    elsewhere = visitor(app)
    elsewhere.enter(
        await elsewhere.post("/api/session", json={"email": "lin@example.com", "password": PASSWORD})
    )
    change = {"new_password": "an even longer password"}
    assert (await admin.patch("/api/session", json=change)).status_code == 400
    wrong = await admin.patch("/api/session", json=change | {"current_password": "wrong"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "login_failed")
    assert (
        await admin.patch("/api/session", json=change | {"current_password": PASSWORD})
    ).status_code == 200
    assert (await admin.get("/api/session")).status_code == 200
    assert (await elsewhere.get("/api/session")).status_code == 401


async def test_a_key_with_the_scope_admin_says_whose_it_is_and_needs_no_csrf_token(
    app: ASGIApp, admin: Person
) -> None:
    _, secret = await new_key(admin)
    program = with_key(app, secret)
    session = (await program.get("/api/session")).json()
    assert session["member"]["email"] == "lin@example.com"
    assert session["csrf_token"] == ""
    assert (await program.patch("/api/session", json={"locale": "zh"})).json()["member"]["locale"] == "zh"


async def test_permissions_are_those_of_the_role(app: ASGIApp, admin: Person) -> None:
    auditor = await colleague(app, admin, "auditor")
    permissions = (await auditor.get("/api/session")).json()["permissions"]
    assert "usage.read" in permissions
    assert "keys.own" not in permissions


async def test_a_query_or_a_second_header_is_no_way_in(app: ASGIApp, admin: Person) -> None:
    _, secret = await new_key(admin)
    stranger = visitor(app)
    assert (await stranger.get("/api/session", params={"api_key": secret})).status_code == 401
    assert (await stranger.get("/api/session", headers={"x-api-key": secret})).status_code == 200
    doubled = [("x-api-key", secret), ("x-api-key", "other")]
    assert (await stranger.get("/api/session", headers=doubled)).status_code == 401
    both = {"Authorization": "Bearer other", "x-api-key": secret}
    assert (await stranger.get("/api/session", headers=both)).status_code == 401
    twice = [("Authorization", f"Bearer {secret}"), ("Authorization", "Bearer other")]
    assert (await stranger.get("/api/session", headers=twice)).status_code == 401
    basic = {"Authorization": f"Basic {secret}"}
    assert (await stranger.get("/api/session", headers=basic)).status_code == 401
