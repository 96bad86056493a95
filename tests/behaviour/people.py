"""People who use the server: each with a browser of their own, or with a key."""

from dataclasses import dataclass
from typing import Any, Final

import httpx2
from starlette.types import ASGIApp

BASE = "http://127.0.0.1:8210"
PASSWORD = "a long enough password"
NO_LIMITS: Final[dict[str, int | None]] = {
    "requests_per_minute": None,
    "tokens_per_minute": None,
    "concurrency": None,
    "daily_micros": None,
    "monthly_micros": None,
}

MODEL: Final[dict[str, Any]] = {
    "name": "Claims assistant",
    "publisher": "Acme",
    "family": "Claims",
    "tasks": ["chat"],
    "languages": ["zh", "en"],
    "license": "Apache-2.0",
    "description": {"en": "Answers claims.", "zh": "回答理赔问题。"},
    "card": {"en": "Tuned on claims of 2025.", "zh": "以 2025 年的理赔数据微调。"},
}
MODEL_VERSION: Final[dict[str, Any]] = {
    "making": "tuned",
    "base_id": "qwen3-8b",
    "format": "gguf",
    "precision": "Q4_K_M",
    "engines": ["llamacpp"],
    "files": [{"role": "model", "name": "claims.gguf", "bytes": 5000, "sha256": "ab" * 32}],
}


@dataclass
class Person:
    """A browser or a program. After `enter` it is signed in and sends its CSRF token."""

    client: httpx2.AsyncClient
    member: dict[str, Any]
    tenant: dict[str, Any]

    @property
    def get(self) -> Any:
        return self.client.get

    @property
    def post(self) -> Any:
        return self.client.post

    @property
    def patch(self) -> Any:
        return self.client.patch

    @property
    def put(self) -> Any:
        return self.client.put

    @property
    def delete(self) -> Any:
        return self.client.delete

    @property
    def request(self) -> Any:
        return self.client.request

    def enter(self, answer: httpx2.Response) -> None:
        """Take over the session that the server just opened."""
        assert answer.status_code == 201, answer.text
        body = answer.json()
        self.client.headers["X-CSRF-Token"] = body["csrf_token"]
        self.member, self.tenant = body["member"], body["tenant"]


def visitor(app: ASGIApp, **headers: str) -> Person:
    """Somebody whom the server does not know yet."""
    transport = httpx2.ASGITransport(app=app, client=("192.0.2.7", 40000))
    return Person(httpx2.AsyncClient(transport=transport, base_url=BASE, headers=headers), {}, {})


async def first_administrator(app: ASGIApp, setup_link: str) -> Person:
    person = visitor(app)
    body = {
        "token": token_of(setup_link),
        "organisation": "Example Works",
        "name": "林 Lin",
        "email": "lin@example.com",
        "password": PASSWORD,
    }
    person.enter(await person.post("/api/setup", json=body))
    return person


async def join(app: ASGIApp, invitation_url: str, name: str) -> Person:
    person = visitor(app)
    body = {"name": name, "password": PASSWORD}
    person.enter(await person.post(f"/api/invitations/{token_of(invitation_url)}", json=body))
    return person


async def colleague(app: ASGIApp, admin: Person, role: str, email: str | None = None) -> Person:
    """Somebody of the administrator's tenant, invited and joined."""
    body = {"email": email or f"{role}@example.com", "name": role, "role": role}
    answer = await admin.post("/api/members", json=body)
    assert answer.status_code == 201, answer.text
    return await join(app, answer.json()["invitation_url"], role)


async def neighbour(app: ASGIApp, admin: Person) -> Person:
    """The administrator of another tenant."""
    body = {
        "name": "Neighbour Works",
        "administrator_email": "chen@neighbour.example",
        "administrator_name": "陈 Chen",
    }
    answer = await admin.post("/api/tenants", json=body)
    assert answer.status_code == 201, answer.text
    return await join(app, answer.json()["invitation_url"], "陈 Chen")


async def new_key(person: Person, **fields: Any) -> tuple[dict[str, Any], str]:
    """A key of the person's and its secret."""
    answer = await person.post("/api/keys", json={"name": "Key", "scopes": ["chat", "admin"]} | fields)
    assert answer.status_code == 201, answer.text
    return answer.json()["key"], answer.json()["secret"]


def with_key(app: ASGIApp, secret: str) -> Person:
    """A program that holds `secret`."""
    return visitor(app, Authorization=f"Bearer {secret}")


def token_of(link: str) -> str:
    return link.partition("#token=")[2]
