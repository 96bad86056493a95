"""Errors in both vendors' forms."""

import json

import pytest

from jixi.core.errors import problem
from jixi.models.dialects import anthropic_error, anthropic_status, error_body_to_openai, error_to_openai


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (problem("invalid_value", reason="x", param="messages"), 400, "invalid_request_error"),
        (problem("invalid_api_key"), 401, "authentication_error"),
        (problem("scope_missing", scope="chat"), 403, "permission_error"),
        (problem("model_not_found", model="m"), 404, "not_found_error"),
        (problem("body_too_large", limit=1), 413, "request_too_large"),
        (problem("idempotency_mismatch"), 422, "invalid_request_error"),
        (problem("rate_limited", seconds=1), 429, "rate_limit_error"),
        (problem("overloaded", model="m", waiting=1), 529, "overloaded_error"),
        (problem("model_unavailable", model="m", state="x"), 529, "overloaded_error"),
        (problem("ledger_unavailable"), 503, "api_error"),
        (problem("engine_timeout", model="m", seconds=1), 504, "timeout_error"),
        (problem("engine_error", model="m", reason="x"), 502, "api_error"),
    ],
)
def test_a_problem_has_the_status_and_the_type_that_anthropic_gives_it(
    error: Exception, status: int, kind: str
) -> None:
    assert anthropic_status(error) == status  # pyright: ignore[reportArgumentType]
    told = anthropic_error(error, "en", "req_1")  # pyright: ignore[reportArgumentType]
    assert (told["type"], told["request_id"], told["error"]["type"]) == ("error", "req_1", kind)
    assert told["error"]["message"].startswith(str(error))


def test_a_prompt_that_is_too_long_is_known_by_its_words() -> None:
    told = json.loads(
        error_to_openai({"type": "invalid_request_error", "message": "prompt is too long: 9 > 5"})
    )
    assert told["error"]["code"] == "context_length_exceeded"


@pytest.mark.parametrize(
    ("status", "body", "expected", "code"),
    [
        (529, b'{"type":"error","error":{"type":"overloaded_error","message":"x"}}', 503, "overloaded_error"),
        (
            401,
            b'{"type":"error","error":{"type":"authentication_error","message":"x"}}',
            401,
            "authentication_error",
        ),
        (502, b"<html>Bad gateway</html>", 502, "api_error"),
        (400, b"[]", 400, "invalid_request_error"),
    ],
)
def test_a_refusal_keeps_its_meaning_in_openais_form(
    status: int, body: bytes, expected: int, code: str
) -> None:
    told, text = error_body_to_openai(status, body)
    assert told == expected
    assert json.loads(text)["error"]["code"] == code
