"""Every route of the server, enumerated: who gets in, who does not, and what a foreigner sees.

Each refusal stands beside a positive control, for a broken test would refuse everybody.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final, cast

import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from jixi.assembly.house import House
from jixi.core.principal import Role
from jixi.governance.identity import ACTIONS, POLICY
from jixi.server.app import Declared, admin_declarations, check_policy
from jixi.wire.admin import Permission
from tests.behaviour.people import (
    MODEL,
    MODEL_VERSION,
    NO_LIMITS,
    Person,
    colleague,
    neighbour,
    new_key,
    visitor,
    with_key,
)
from tests.clocks import SettableClock

# Reviewed: each of these must work before anyone is signed in.
_PUBLIC: Final = {
    ("GET", "/api/health"),
    ("GET", "/api/ready"),
    ("GET", "/api/setup"),
    ("POST", "/api/setup"),
    ("POST", "/api/session"),
    ("GET", "/api/invitations/{token}"),
    ("POST", "/api/invitations/{token}"),
    ("GET", "/api/openapi.json"),
    ("GET", "/docs"),
}
_MODEL_API: Final = (
    ("GET", "/v1/models"),
    ("GET", "/v1/models/stub"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/completions"),
    ("POST", "/v1/embeddings"),
    ("POST", "/v1/rerank"),
    ("POST", "/v1/classify"),
    ("POST", "/v1/audio/transcriptions"),
    ("POST", "/v1/audio/speech"),
    ("POST", "/v1/images/generations"),
)
# A body that the route would accept, so that a refusal is about who asks.
_BODIES: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("POST", "/api/tenants"): {
        "name": "T",
        "administrator_email": "new@example.com",
        "administrator_name": "N",
    },
    ("PATCH", "/api/tenants/{id}"): {"name": "Renamed"},
    ("POST", "/api/members"): {"email": "new@example.com", "name": "N", "role": "developer"},
    ("PATCH", "/api/members/{id}"): {"name": "Renamed"},
    ("POST", "/api/keys"): {"name": "K", "scopes": ["chat"]},
    ("PATCH", "/api/keys/{id}"): {"name": "Renamed"},
    ("PATCH", "/api/session"): {"name": "Renamed"},
    ("POST", "/api/models"): MODEL,
    ("PATCH", "/api/models/{id}"): {"name": "Renamed"},
    ("POST", "/api/models/{id}/versions"): MODEL_VERSION,
    ("PATCH", "/api/models/{id}/versions/{version_id}"): {"stage": "released"},
    ("POST", "/api/models/{id}/imports"): {"source": {"kind": "huggingface", "repo": "org/tiny"}},
    ("POST", "/api/deployments"): {"name": "made", "engine": "steam"},
    ("POST", "/api/deployments/preview"): {"engine": "stub"},
    ("PATCH", "/api/deployments/{id}"): {"parallel": 3},
    ("POST", "/api/deployments/{id}/rollback"): {"revision": 1},
    ("POST", "/api/aliases"): {"name": "chat", "targets": [{"model": "nobody"}]},
    ("PATCH", "/api/aliases/{id}"): {"retries": 1},
    ("PUT", "/api/prices/{model}"): {"input_micros": 1, "cached_input_micros": 1, "output_micros": 1},
    ("POST", "/api/plans/training"): {
        "model": "qwen3-8b",
        "tokens": 1e9,
        "hardware": {"chip": "H100"},
        "fleet": {"accelerators": 8},
    },
    ("POST", "/api/plans/serving"): {"model": "qwen3-8b", "users": 5, "hardware": {"chip": "H100"}},
    ("POST", "/api/plans/comparison"): {
        "model": "qwen3-8b",
        "users": 5,
        "options": [{"kind": "rented", "name": "rented", "hardware": {"chip": "H100"}}],
    },
    ("PUT", "/api/limits/{scope_id}"): NO_LIMITS | {"monthly_micros": 5},
}


# A stream would not end by itself for an hour.
_QUERIES: Final = {
    "/api/traffic/live": "?seconds=1",
    "/api/deployments/{id}/events": "?seconds=1",
    "/api/deployments/{id}/logs/events": "?seconds=1",
}


def _protected() -> list[Declared]:
    """Signing out comes last: it ends the session that the others are tried with."""
    found = [each for each in admin_declarations() if each.actions != [None]]
    return sorted(found, key=lambda each: (each.method, each.path) == ("DELETE", "/api/session"))


def _calls() -> Iterator[tuple[str, str, dict[str, Any] | None]]:
    """(method, address, body) of every protected route, of both APIs."""
    for method, path in _MODEL_API:
        yield method, path, {"model": "stub"} if method == "POST" else None
    for each in _protected():
        path = _plain(each.path)
        yield each.method, path, _BODIES.get((each.method, each.path))


def _plain(path: str) -> str:
    """An address of the route, with nothing behind its ids."""
    return path.replace("{", "").replace("}", "") + _QUERIES.get(path, "")


async def _statuses(person: Person) -> dict[str, int]:
    return {
        f"{method} {path}": (await person.request(method, path, json=body)).status_code
        for method, path, body in _calls()
    }


def test_the_public_routes_are_the_reviewed_ones_and_few() -> None:
    assert {(each.method, each.path) for each in admin_declarations() if each.actions == [None]} == _PUBLIC
    assert len(_PUBLIC) <= 10


def test_every_action_of_a_route_is_in_the_policy_and_the_types_name_all_of_it() -> None:
    assert {action for each in _protected() for action in each.actions} <= set(POLICY)
    assert set(POLICY) == set(ACTIONS) == set(Permission.__args__)


def test_a_route_that_declares_nothing_keeps_the_server_from_starting() -> None:
    router = APIRouter()
    router.add_api_route("/api/forgotten", lambda: None)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(router)
    with pytest.raises(RuntimeError, match="GET /api/forgotten"):
        check_policy(app)


async def test_nobody_gets_in_without_credentials(app: ASGIApp, admin: Person) -> None:
    assert set((await _statuses(visitor(app))).values()) == {401}
    assert 401 not in (await _statuses(admin)).values()


async def test_nobody_gets_in_with_credentials_that_are_none(app: ASGIApp) -> None:
    for wrong in (
        "Bearer sk-jixi-unknown",
        "Bearer ",
        "Bearer",
        "Basic bGluOng=",
        "sk-jixi-x",
        "Bearer \xff",
        "Bearer a b",
    ):
        person = visitor(app)
        person.client.headers["Authorization"] = wrong
        assert set((await _statuses(person)).values()) == {401}, wrong


async def test_a_bad_key_is_not_saved_by_a_good_session(admin: Person) -> None:
    refused = await admin.get("/api/session", headers={"Authorization": "Bearer sk-jixi-unknown"})
    assert refused.status_code == 401


async def test_a_revoked_key_and_an_expired_one_open_nothing(
    app: ASGIApp, admin: Person, house: House
) -> None:
    clock = cast("SettableClock", house.clock)
    _, short = await new_key(admin, expires_at=(clock.now() + timedelta(hours=1)).isoformat())
    assert (await with_key(app, short).get("/api/keys")).status_code == 200
    key, secret = await new_key(admin)
    assert (await with_key(app, secret).get("/api/keys")).status_code == 200
    assert (await admin.delete(f"/api/keys/{key['id']}")).status_code == 204
    assert set((await _statuses(with_key(app, secret))).values()) == {401}
    clock.ahead = timedelta(hours=2)
    expired = await with_key(app, short).get("/api/keys")
    assert (expired.status_code, expired.json()["code"]) == (401, "api_key_expired")


async def test_a_key_without_the_scope_admin_opens_no_admin_route(app: ASGIApp, admin: Person) -> None:
    _, secret = await new_key(admin, scopes=["chat"])
    program = with_key(app, secret)
    for each in _protected():
        body = _BODIES.get((each.method, each.path))
        answer = await program.request(each.method, _plain(each.path), json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing"), each


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PLATFORM_ADMIN])
async def test_each_role_gets_in_where_the_policy_says_and_nowhere_else(
    app: ASGIApp, admin: Person, role: Role
) -> None:
    person = await colleague(app, admin, role)
    for each in _protected():
        body = _BODIES.get((each.method, each.path))
        answer = await person.request(each.method, _plain(each.path), json=body)
        refused = answer.status_code == 403 and answer.json()["code"] == "role_forbidden"
        (action,) = each.actions
        assert refused == (action is None or role not in POLICY[action]), (each, answer.text)


async def _belongings(person: Person) -> dict[str, str]:
    """An id of the person's tenant for every kind of id that a route takes."""
    key, _ = await new_key(person)
    model = (await person.post("/api/models", json=MODEL)).json()
    return {
        "keys": key["id"],
        "members": person.member["id"],
        "models": model["id"],
        "tenants": person.tenant["id"],
    }


def _without_ids(answer: httpx2.Response) -> tuple[int, Any]:
    body = answer.json()
    return answer.status_code, {name: value for name, value in body.items() if name != "instance"}


async def test_a_foreign_id_and_an_unknown_one_get_the_same_answer_and_change_nothing(
    app: ASGIApp, admin: Person
) -> None:
    theirs = await neighbour(app, admin)
    mine = await _belongings(theirs)
    intruder = await colleague(app, admin, "tenant_admin")
    before = await _belongings_state(theirs)
    checked = 0
    for each in _protected():
        if "{" not in each.path or each.actions in (
            ["tenants.manage"],
            ["deployments.read"],
            ["deployments.restart"],
            ["deployments.manage"],
        ):
            continue
        kind = each.path.split("/")[2]
        for foreign in [mine[kind]] if kind in mine else list(mine.values()):
            answers = [
                _without_ids(await intruder.request(each.method, _at(each.path, one), json=_body(each)))
                for one in (foreign, f"{foreign[:4]}{'0' * 26}")
            ]
            assert answers[0] == answers[1], each
            assert answers[0][0] in (403, 404), each
            checked += 1
    assert checked >= 8
    assert await _belongings_state(theirs) == before


async def test_a_foreign_id_in_a_body_or_a_filter_shows_and_changes_nothing(
    app: ASGIApp, admin: Person
) -> None:
    theirs = await neighbour(app, admin)
    mine = await _belongings(theirs)
    for name, value in (("key", mine["keys"]), ("member", mine["members"])):
        for path in ("/api/usage", "/api/charges"):
            foreign = (await admin.get(path, params={name: value})).json()
            assert foreign.get("rows", foreign.get("items")) == []
    listed = (await admin.get("/api/keys")).text + (await admin.get("/api/members")).text
    listed += (await admin.get("/api/limits")).text + (await admin.get("/api/models")).text
    assert [value for value in mine.values() if value in listed] == []
    cursor = await admin.get("/api/keys", params={"cursor": mine["keys"]})
    assert theirs.tenant["id"] not in cursor.text


async def _belongings_state(person: Person) -> list[Any]:
    paths = ("/api/keys", "/api/members", "/api/limits", "/api/session", "/api/models")
    state = [(await person.get(path)).json() for path in paths]
    for key in state[0]["items"]:
        key["last_used_at"] = None
    return state


def _at(path: str, value: str) -> str:
    return re.sub(r"\{[a-z_]+\}", value, path)


def _body(each: Declared) -> dict[str, Any] | None:
    return _BODIES.get((each.method, each.path))
