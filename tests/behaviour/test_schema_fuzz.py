"""The whole OpenAPI document against the real server: hostile and valid requests made from it by schemathesis.

It finds crashes, undocumented answers and bodies that break their own schema; it never finds a wrong value.
"""

from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import settings
from schemathesis.specs.openapi import checks

from jixi.core.errors import PROBLEMS
from jixi.core.principal import Scope
from jixi.server.app import Running, openapi_document
from tests.behaviour.people import PASSWORD, token_of

schema: Any = schemathesis.openapi.from_dict(openapi_document())

_CHECKS: Any = checks
_MEANING_OF_CALLS = {
    "invalid_value",
    "context_length_exceeded",
    "unsupported_parameter",
    "operation_not_supported",
}
_MEANING_OF_DEPLOYMENTS = {
    "model_not_deployable",
    "variant_unknown",
    "engine_unfit",
    "context_too_large",
    "model_not_here",
}
_MEANING_OF_PLANS = {code for code in PROBLEMS if code.startswith("planner_")}


@pytest.fixture(scope="module")
def key(live: Running) -> str:
    """A key of the first administrator's that may do everything."""
    with httpx2.Client(base_url=live.url, timeout=30) as client:
        body = {
            "token": token_of(live.house.setup_link or ""),
            "organisation": "Fuzz Works",
            "name": "Fuzz",
            "email": "fuzz@example.com",
            "password": PASSWORD,
        }
        session = client.post("/api/setup", json=body).json()
        headers = {"X-CSRF-Token": session["csrf_token"]}
        wanted = {"name": "Fuzz", "scopes": sorted(set(Scope) - {Scope.BATCHES})}
        return client.post("/api/keys", json=wanted, headers=headers).json()["secret"]


@schema.parametrize()
@settings(max_examples=12, derandomize=True)
def test_every_operation_answers_as_its_document_says(case: Any, live: Running, key: str) -> None:
    _ask_for_a_model_that_is_there(case)
    _watch_for_a_second(case)
    answer = case.call(base_url=live.url, headers={"Authorization": f"Bearer {key}"})
    excluded = [_CHECKS.positive_data_acceptance] if _refused_for_its_meaning(answer) else []
    if case.path in ("/api/deployments/preview", "/api/prices/resources"):
        # The address of one deployment, or of one model's price, is this one, too: it takes more than its own methods.
        excluded.append(_CHECKS.allow_header_conformance)
    case.validate_response(answer, excluded_checks=excluded, headers={"Authorization": f"Bearer {key}"})


def test_no_operation_of_the_document_is_left_out() -> None:
    document = openapi_document()
    written = sum(len(operations) for operations in document["paths"].values())
    assert len(list(schema.get_all_operations())) == written >= 40
    assert {path for path in document["paths"] if path.startswith("/v1/")} == {
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/messages",
        "/v1/messages/count_tokens",
        "/v1/rerank",
        "/v1/classify",
        "/v1/audio/transcriptions",
        "/v1/audio/speech",
        "/v1/images/generations",
        "/v1/responses",
        "/v1/responses/{response_id}",
        "/v1/responses/{response_id}/cancel",
        "/v1/responses/{response_id}/input_items",
        "/v1/models",
        "/v1/models/{model}",
        "/v1/files",
        "/v1/files/{id}",
        "/v1/files/{id}/content",
        "/v1/batches",
        "/v1/batches/{id}",
        "/v1/batches/{id}/cancel",
    }


def _ask_for_a_model_that_is_there(case: Any) -> None:
    """Else every call would end with the name of its model; a name that must be refused stays."""
    if case.path.startswith("/v1/") and isinstance(case.body, dict):
        name = case.body.get("model")
        if isinstance(name, str) and 1 <= len(name) <= 256:
            case.body["model"] = "stub"
    if case.path.startswith("/api/plans/") and isinstance(case.body, dict):
        if isinstance(case.body.get("model"), str):
            case.body["model"] = "qwen3-8b"
        hardware = case.body.get("hardware")
        if isinstance(hardware, dict) and isinstance(hardware.get("chip"), str):
            hardware["chip"] = "H100"


def _watch_for_a_second(case: Any) -> None:
    """Else a live view would last as long as was asked for; what must be refused stays."""
    if case.path == "/api/traffic/live" or case.path.endswith(("{id}/events", "{id}/logs/events")):
        seconds = str(case.query.get("seconds", 3600))
        if seconds.isdecimal() and 1 <= int(seconds) <= 3600:
            case.query["seconds"] = 1


def _refused_for_its_meaning(answer: Any) -> bool:
    """A request of the right shape may still ask for an end before its start, for more than the model can, or for a
    version that was.
    """
    if answer.status_code not in (400, 412, 422):
        return False
    body = answer.json()
    if "error" in body:
        error = body["error"]
        code = error["code"] if "code" in error else error["details"]["error_code"]
        return code in _MEANING_OF_CALLS
    return body["code"] in _MEANING_OF_DEPLOYMENTS | _MEANING_OF_PLANS | {
        "idempotency_mismatch",
        "precondition_failed",
    } or (body["code"] == "invalid_value" and not _told_of_its_shape(body))


def _told_of_its_shape(body: Any) -> bool:
    """A handler's own refusal says at the field what it says at all; that of a shape lists what each field lacks."""
    return any(entry["message"] != body["detail"] for entry in body.get("errors", ()))
