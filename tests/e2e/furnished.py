"""A server at which every list of the console has something, so that whatever a row opens can be opened."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.shopper import Shopper, shopping
from tests.e2e.visitor import expect
from tests.vendors.shapes import CREDENTIAL

READY_WITHIN_MS: Final = 120_000
DEPLOYMENT: Final = "house"
ALIAS: Final = "front"
PROVIDER: Final = "Far"
MEMBER: Final = "Chen"
KEY: Final = "Search service"
OWN_MODEL: Final = "Claims by hand"


@contextmanager
def furnished(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Generator[Shopper]:
    """An administrator of whom a deployment, an alias, a provider, a key, a member, a model and a call are there."""
    with shopping(browser, tmp_path_factory, {}) as made:
        _furnish(made.page)
        yield made


def _furnish(page: Page) -> None:
    post = _posting(page)
    post("/api/deployments", {"name": DEPLOYMENT, "engine": "stub"})
    model = {"name": "outside", "upstream": "far", "kinds": ["chat"], "context": 8192}
    post(
        "/api/providers",
        {"name": PROVIDER, "vendor": "deepseek", "credential": CREDENTIAL, "models": [model]},
    )
    post("/api/aliases", {"name": ALIAS, "targets": [{"model": DEPLOYMENT}]})
    post("/api/members", {"name": MEMBER, "email": "chen@example.com", "role": "developer"})
    key = post("/api/keys", {"name": KEY, "scopes": ["chat"]})
    own = _own_model(post)
    assert page.request.get(f"/api/models/{own}").status == 200
    page.goto(f"/deployments/{DEPLOYMENT}")
    expect(page.get_by_text("Ready", exact=True).first).to_be_visible(timeout=READY_WITHIN_MS)
    call = {"model": DEPLOYMENT, "messages": [{"role": "user", "content": "Say hello."}]}
    bearer = {"Authorization": f"Bearer {key['secret']}"}
    answer = page.request.post("/v1/chat/completions", headers=bearer, data=call)
    assert answer.status == 200, answer.text()


def _own_model(post: Any) -> str:
    text = {"en": "Answers claims.", "zh": "回答理赔问题。"}
    facts = {
        "name": OWN_MODEL,
        "publisher": "Acme",
        "family": "Claims",
        "tasks": ["chat"],
        "languages": ["zh"],
    }
    made = post("/api/models", {**facts, "license": "Apache-2.0", "description": text, "card": text})
    file = {"role": "model", "name": "claims.gguf", "bytes": 5_027_783_872, "sha256": "a" * 64}
    version = {
        "making": "tuned",
        "base_id": "qwen3-8b",
        "format": "gguf",
        "precision": "Q4_K_M",
        "engines": ["llamacpp"],
        "files": [file],
    }
    post(f"/api/models/{made['id']}/versions", version)
    return str(made["id"])


def _posting(page: Page) -> Any:
    headers = {"X-CSRF-Token": page.request.get("/api/session").json()["csrf_token"]}

    def post(path: str, body: dict[str, Any]) -> Any:
        answer = page.request.post(path, headers=headers, data=body)
        assert answer.status == 201, answer.text()
        return answer.json()

    return post
