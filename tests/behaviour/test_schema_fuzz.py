"""The whole OpenAPI document against the real server: hostile and valid requests made from it by schemathesis.

It finds crashes, undocumented answers and bodies that break their own schema; it never finds a wrong value.
"""

from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import settings
from schemathesis.specs.openapi import checks

from jixi.server import Running, openapi_document
from tests.behaviour.people import PASSWORD, token_of

schema: Any = schemathesis.openapi.from_dict(openapi_document())

_CHECKS: Any = checks


@pytest.fixture(scope="module")
def key(live: Running) -> str:
    """A key of the first administrator's that may do everything."""
    with httpx2.Client(base_url=live.url) as client:
        body = {
            "token": token_of(live.house.setup_link or ""),
            "organisation": "Fuzz Works",
            "name": "Fuzz",
            "email": "fuzz@example.com",
            "password": PASSWORD,
        }
        session = client.post("/api/setup", json=body).json()
        headers = {"X-CSRF-Token": session["csrf_token"]}
        wanted = {"name": "Fuzz", "scopes": ["admin", "chat", "completions", "embeddings"]}
        return client.post("/api/keys", json=wanted, headers=headers).json()["secret"]


@schema.parametrize()
@settings(max_examples=12, deadline=None, derandomize=True)
def test_every_operation_answers_as_its_document_says(case: Any, live: Running, key: str) -> None:
    answer = case.call(base_url=live.url, headers={"Authorization": f"Bearer {key}"})
    excluded = [_CHECKS.positive_data_acceptance] if _refused_for_its_meaning(answer) else []
    case.validate_response(answer, excluded_checks=excluded, headers={"Authorization": f"Bearer {key}"})


def _refused_for_its_meaning(answer: Any) -> bool:
    """A request of the right shape may still ask for an end before its start; its fields are then not at fault."""
    if answer.status_code not in (400, 422):
        return False
    body = answer.json()
    return body["code"] == "idempotency_mismatch" or (
        body["code"] == "invalid_value" and "errors" not in body
    )
