"""What every answer carries, and what never gets past the border."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.types import ASGIApp

from jixi.assembly.house import House, open_house
from jixi.assembly.settings import Settings
from jixi.server.app import create_app
from tests.behaviour.people import PASSWORD, Person, visitor
from tests.behaviour.servers import running

_ADDRESSES = (
    "/",
    "/keys",
    "/docs",
    "/api/health",
    "/api/session",
    "/api/nowhere",
    "/v1/models",
    "/v1/nowhere",
)


async def test_every_answer_has_its_id_and_protects_the_browser(app: ASGIApp) -> None:
    for address in _ADDRESSES:
        headers = (await visitor(app).get(address)).headers
        assert headers["x-request-id"].startswith("req_")
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers
        if not address.startswith("/v1/"):
            _check_page_headers(headers)


def _check_page_headers(headers: httpx2.Headers) -> None:
    """What protects pages; nothing of /v1 is ever shown as one."""
    assert headers["referrer-policy"] == "no-referrer"
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe-eval" not in policy


async def test_a_foreign_host_name_is_answered_nowhere(app: ASGIApp) -> None:
    foreign = (
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "",
        "[::1",
        "127.0.0.1:80:80",
        "x\ty",
    )
    for host in foreign:
        for address in ("/api/health", "/v1/models", "/docs", "/"):
            refused = await visitor(app).get(address, headers={"Host": host})
            body = refused.json()
            code = body.get("code") or body["error"]["code"]
            assert (refused.status_code, code) == (421, "host_not_allowed"), (host, address)


async def test_this_machines_own_names_are_answered(app: ASGIApp) -> None:
    for host in ("localhost:8210", "127.0.0.1", "LOCALHOST", "[::1]:8210"):
        assert (await visitor(app).get("/api/health", headers={"Host": host})).status_code == 200, host


async def test_no_header_and_no_spelling_of_a_path_opens_a_protected_route(
    app: ASGIApp, admin: Person
) -> None:
    paths = (
        "/api/keys",
        "/api//keys",
        "/api/health/../keys",
        "/api/keys/",
        "/api/%6beys",
        "/api/keys;x",
        "//api/keys",
    )
    headers: list[dict[str, str]] = [
        {},
        {"X-Forwarded-Host": "evil.example"},
        {"X-Original-URL": "/api/health"},
        {"X-Rewrite-URL": "/api/health"},
        {"X-HTTP-Method-Override": "GET"},
        {"X-Forwarded-For": "127.0.0.1"},
    ]
    for path in paths:
        for extra in headers:
            answer = await visitor(app).get(path, headers=extra)
            is_page = "text/html" in answer.headers["content-type"] or answer.status_code in (404, 503)
            assert answer.status_code == 401 or is_page, (path, extra, answer.status_code)
    assert (await admin.get("/api/keys")).status_code == 200


_JSON = "application/json"
_BAD_BODIES = (
    (b"", _JSON, "invalid_value"),
    (b"{", _JSON, "invalid_json"),
    (b"\xff\xfe", _JSON, "invalid_json"),
    (b"email=lin", "application/x-www-form-urlencoded", "invalid_json"),
    (b'{"email": "a@b.c", "password": "x"}', "text/plain", "invalid_json"),
    (b"[]", _JSON, "invalid_value"),
    (b"null", _JSON, "invalid_value"),
    (b'"text"', _JSON, "invalid_value"),
    (b'{"email": 5, "password": "x"}', _JSON, "invalid_value"),
    (b'{"email": "a@b.c", "password": "x", "admin": true}', _JSON, "invalid_value"),
    (b'{"email": "a@b.c", "password": ' + b"9" * 5000 + b"}", _JSON, "invalid_json"),
    (b"[" * 100_000, _JSON, "invalid_json"),
    (b'{"a":' * 100_000, _JSON, "invalid_json"),
    (b'{"email": "a@b.c\\u0000", "password": "x"}', _JSON, "invalid_value"),
    (b'{"email": "\\ud800@b.c", "password": "x"}', _JSON, "invalid_value"),
)


async def test_a_body_that_cannot_be_meant_gets_an_answer_of_its_own(app: ASGIApp) -> None:
    for content, media_type, code in _BAD_BODIES:
        headers = {"Content-Type": media_type}
        answer = await visitor(app).post("/api/session", content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, code), (content[:50], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert [
            word for word in ("Traceback", "pydantic", "/src/", "site-packages") if word in answer.text
        ] == []


async def test_what_was_typed_is_never_repeated_in_an_error(app: ASGIApp) -> None:
    body = {"email": "nobody", "password": [PASSWORD], PASSWORD: 1}
    answer = await visitor(app).post("/api/session", json=body | {"token": PASSWORD})
    assert answer.status_code == 400
    fields = {error["field"] for error in answer.json()["errors"]}
    assert {"email", "password", "token"} <= fields
    assert PASSWORD not in json.dumps([error["message"] for error in answer.json()["errors"]])


async def test_a_huge_body_is_refused_before_it_is_read_or_as_soon_as_it_grows(
    app: ASGIApp, house: House
) -> None:
    read = 0

    async def endless() -> Any:
        nonlocal read
        while read < 10 * house.settings.max_body_bytes:
            read += 1 << 20
            yield b" " * (1 << 20)

    declared = await visitor(app).post("/api/session", content=b" " * (house.settings.max_body_bytes + 1))
    assert (declared.status_code, declared.json()["code"]) == (413, "body_too_large")
    grown = await visitor(app).post(
        "/api/session", content=endless(), headers={"Content-Type": "application/json"}
    )
    assert (grown.status_code, grown.json()["code"]) == (413, "body_too_large")
    assert read <= house.settings.max_body_bytes + (2 << 20)


async def test_an_unknown_address_and_a_wrong_method_are_problems_too(app: ASGIApp) -> None:
    unknown = await visitor(app).get("/api/nowhere")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    wrong = await visitor(app).put("/api/health")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in wrong.headers["allow"]


async def test_errors_are_in_the_readers_language(app: ASGIApp) -> None:
    wanted = {
        "zh-CN,zh;q=0.9,en;q=0.8": "zh",
        "en;q=0.1, zh;q=0.2": "zh",
        "en": "en",
        "fr, de": "en",
        "": "en",
        ";q=x,zh;q=": "en",
    }
    for accepted, language in wanted.items():
        answer = await visitor(app).get("/api/session", headers={"Accept-Language": accepted})
        assert answer.headers["content-language"] == language
        assert ("凭据" in answer.json()["detail"]) == (language == "zh")


async def test_a_problem_tells_its_code_its_remedy_and_the_id_to_quote(app: ASGIApp) -> None:
    answer = await visitor(app).get("/api/session")
    body = answer.json()
    assert body["instance"] == answer.headers["x-request-id"]
    assert body["type"] == "urn:jixi:problem:not_authenticated"
    assert body["remedy"]
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_defect_of_ours_is_logged_and_never_shown(
    app: ASGIApp,
    house: House,
    admin: Person,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail of the database")

    monkeypatch.setattr(type(house.identity.members), "page", broken)
    answer = await admin.get("/api/members")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "secret detail" not in answer.text
    assert answer.json()["instance"] in answer.json()["remedy"]
    logged = capsys.readouterr().out
    assert "request_failed" in logged
    assert answer.json()["instance"] in logged


async def test_a_secure_server_says_so_to_browsers(tmp_path: Any) -> None:
    settings = Settings(
        data_dir=tmp_path / "data", starter="none", public_url="https://jixi.example.com", behind_proxy=True
    )
    async with open_house(settings) as house:
        app = create_app(house)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="https://jixi.example.com") as client:
            answer = await client.get("/api/health")
            assert answer.headers["strict-transport-security"]
            assert (house.setup_link or "").startswith("https://jixi.example.com/setup#token=")


@pytest.mark.parametrize(("trusted", "statuses"), [((), {403}), (("192.0.2.0/24",), {403, 429})])
async def test_where_a_caller_comes_from_is_believed_of_trusted_proxies_alone(
    tmp_path: Path, trusted: tuple[str, ...], statuses: set[int]
) -> None:
    settings = Settings(
        data_dir=tmp_path / "data", port=0, starter="none", behind_proxy=True, trusted_proxies=trusted
    )
    with running(settings) as server:
        async with httpx2.AsyncClient(base_url=server.url, timeout=60) as client:
            asked = [
                client.get(f"/api/invitations/{turn}", headers={"X-Forwarded-For": f"203.0.113.{turn}"})
                for turn in range(61)
            ]
            seen = {answer.status_code for answer in await asyncio.gather(*asked)}
    assert seen == statuses


async def test_the_reference_and_the_document_load_nothing_from_elsewhere(app: ASGIApp) -> None:
    page = await visitor(app).get("/docs")
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "https://" not in page.text
    assert (await visitor(app).get("/api/openapi.json")).json()["openapi"].startswith("3.")


async def test_a_file_of_the_console_is_the_same_packed_and_plain(app: ASGIApp) -> None:
    person = visitor(app)
    found = re.search(r'"(/assets/[^"]+\.js)"', (await person.get("/")).text)
    assert found is not None
    packed, plain = [
        await person.get(found.group(1), headers={"Accept-Encoding": each}) for each in ("gzip", "identity")
    ]
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < len(plain.content)
