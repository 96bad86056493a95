"""Members and tenants over HTTP: invited, changed, disabled, suspended."""

from starlette.types import ASGIApp

from tests.behaviour.people import (
    PASSWORD,
    Person,
    colleague,
    join,
    neighbour,
    new_key,
    token_of,
    visitor,
    with_key,
)

_INVITATION = {"email": "wu@example.com", "name": "吴 Wu", "role": "developer", "locale": "zh"}


async def test_an_invitation_is_a_link_that_works_once(app: ASGIApp, admin: Person) -> None:
    made = (await admin.post("/api/members", json=_INVITATION)).json()
    assert made["invitation_url"].startswith("http://127.0.0.1:8210/invitation#token=")
    assert made["member"]["status"] == "invited"
    token = token_of(made["invitation_url"])
    shown = await visitor(app).get(f"/api/invitations/{token}")
    assert shown.json() == {"email": "wu@example.com", "organisation": "Example Works", "name": "吴 Wu"}
    member = await join(app, made["invitation_url"], "Wu")
    assert (member.member["status"], member.member["role"]) == ("active", "developer")
    again = await visitor(app).post(f"/api/invitations/{token}", json={"name": "N", "password": PASSWORD})
    assert (again.status_code, again.json()["code"]) == (403, "link_invalid")
    assert (await visitor(app).get(f"/api/invitations/{token}")).status_code == 403


async def test_a_new_link_ends_the_old_one_and_resets_a_forgotten_password(
    app: ASGIApp, admin: Person
) -> None:
    member = await colleague(app, admin, "developer")
    address = f"/api/members/{member.member['id']}/invitation"
    first = (await admin.post(address)).json()["invitation_url"]
    second = (await admin.post(address)).json()["invitation_url"]
    assert (await visitor(app).get(f"/api/invitations/{token_of(first)}")).status_code == 403
    body = {"name": "Again", "password": "a brand new password"}
    assert (await visitor(app).post(f"/api/invitations/{token_of(second)}", json=body)).status_code == 201
    login = {"email": "developer@example.com", "password": PASSWORD}
    assert (await visitor(app).post("/api/session", json=login)).status_code == 401
    assert (
        await visitor(app).post("/api/session", json=login | {"password": "a brand new password"})
    ).status_code == 201


async def test_an_address_is_taken_once_whatever_its_case(admin: Person) -> None:
    assert (await admin.post("/api/members", json=_INVITATION)).status_code == 201
    again = await admin.post("/api/members", json=_INVITATION | {"email": "WU@Example.com"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert len((await admin.get("/api/members")).json()["items"]) == 2


async def test_a_disabled_member_is_out_at_once_with_their_keys(app: ASGIApp, admin: Person) -> None:
    member = await colleague(app, admin, "developer")
    _, secret = await new_key(member)
    assert (await with_key(app, secret).get("/api/session")).status_code == 200
    changed = await admin.patch(f"/api/members/{member.member['id']}", json={"status": "disabled"})
    assert changed.json()["status"] == "disabled"
    assert (await member.get("/api/session")).status_code == 401
    assert (await with_key(app, secret).get("/api/session")).status_code == 401
    assert (await with_key(app, secret).get("/v1/models")).status_code == 401


async def test_a_changed_role_holds_from_the_next_request_on(app: ASGIApp, admin: Person) -> None:
    member = await colleague(app, admin, "developer")
    assert (await member.get("/api/members")).status_code == 403
    await admin.patch(f"/api/members/{member.member['id']}", json={"role": "auditor"})
    assert (await member.get("/api/members")).status_code == 200
    assert (await member.get("/api/keys")).status_code == 403


async def test_nobody_rises_above_who_raises_them(app: ASGIApp, admin: Person) -> None:
    manager = await colleague(app, admin, "tenant_admin")
    own = await manager.patch(f"/api/members/{manager.member['id']}", json={"role": "platform_admin"})
    assert (own.status_code, own.json()["code"]) == (403, "role_forbidden")
    other = await manager.post("/api/members", json=_INVITATION | {"role": "platform_admin"})
    assert other.status_code == 403
    down = await manager.patch(f"/api/members/{admin.member['id']}", json={"status": "disabled"})
    assert down.status_code == 403
    reset = await manager.post(f"/api/members/{admin.member['id']}/invitation")
    assert reset.status_code == 403


async def test_the_last_administrator_cannot_lock_everybody_out(admin: Person) -> None:
    for change in ({"role": "developer"}, {"status": "disabled"}):
        refused = await admin.patch(f"/api/members/{admin.member['id']}", json=change)
        assert (refused.status_code, refused.json()["code"]) == (409, "last_administrator")
    own = await admin.patch(f"/api/tenants/{admin.tenant['id']}", json={"status": "suspended"})
    assert own.status_code == 400


async def test_a_suspended_tenant_stops_at_once_and_comes_back_whole(app: ASGIApp, admin: Person) -> None:
    theirs = await neighbour(app, admin)
    key, secret = await new_key(theirs)
    address = f"/api/tenants/{theirs.tenant['id']}"
    assert (await admin.patch(address, json={"status": "suspended"})).json()["status"] == "suspended"
    assert (await theirs.get("/api/session")).status_code == 401
    barred = await with_key(app, secret).get("/api/session")
    assert (barred.status_code, barred.json()["code"]) == (401, "tenant_suspended")
    assert (await admin.patch(address, json={"status": "active"})).json()["status"] == "active"
    assert (await with_key(app, secret).get(f"/api/keys/{key['id']}")).status_code == 200


async def test_two_tenants_see_nothing_of_each_other(app: ASGIApp, admin: Person) -> None:
    theirs = await neighbour(app, admin)
    await new_key(theirs)
    assert [member["email"] for member in (await admin.get("/api/members")).json()["items"]] == [
        "lin@example.com"
    ]
    assert (await admin.get("/api/keys")).json()["items"] == []
    assert [tenant["name"] for tenant in (await admin.get("/api/tenants")).json()["items"]] == [
        "Neighbour Works",
        "Example Works",
    ]
    assert (await theirs.get("/api/tenants")).status_code == 403


async def test_a_tenant_whose_administrator_is_taken_is_not_made(admin: Person) -> None:
    body = {"name": "Half", "administrator_email": "lin@example.com", "administrator_name": "N"}
    assert (await admin.post("/api/tenants", json=body)).status_code == 409
    assert len((await admin.get("/api/tenants")).json()["items"]) == 1


async def test_text_of_people_comes_back_as_it_was(admin: Person) -> None:
    for name in ("<img src=x onerror=alert(1)>", "'; DROP TABLE members; --", '=HYPERLINK("x")', "林 👩‍💻"):
        changed = await admin.patch("/api/session", json={"name": name})
        assert changed.json()["member"]["name"] == name
        assert changed.headers["content-type"] == "application/json"
