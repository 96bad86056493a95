"""What the parts of the OpenAPI document have in common that describe /v1, whatever the dialect."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from jixi.core.errors import PROBLEMS

ANYONE: Final = (
    "not_authenticated",
    "invalid_api_key",
    "api_key_expired",
    "api_key_revoked",
    "tenant_suspended",
    "member_disabled",
    "csrf_failed",
)
CALLS: Final = (
    *ANYONE,
    "scope_missing",
    "role_forbidden",
    "model_not_allowed",
    "model_not_found",
    "invalid_json",
    "invalid_value",
    "unsupported_parameter",
    "operation_not_supported",
    "context_length_exceeded",
    "client_too_slow",
    "body_too_large",
    "request_rate_exceeded",
    "token_rate_exceeded",
    "token_limit_too_low",
    "concurrency_exceeded",
    "budget_exceeded",
    "internal_error",
    "engine_error",
    "engine_timeout",
    "request_quarantined",
    "price_unknown",
    "model_unavailable",
    "overloaded",
    "ledger_unavailable",
    "database_unavailable",
    "database_full",
)


def schema_ref(names: str, name: str) -> dict[str, Any]:
    """A body that is the object `name` of the dialect whose objects begin with `names`."""
    return {"schema": {"$ref": f"#/components/schemas/{names}{name}"}}


def call_errors(
    codes: Sequence[str], names: str, statuses: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """The `responses` for these problems; a dialect may have `statuses` of its own for some of them."""
    texts = defaultdict[str, list[str]](list)
    for code in codes:
        status = (statuses or {}).get(code, PROBLEMS[code].status)
        texts[str(status)].append(f"`{code}`: {PROBLEMS[code].en}")
    return {
        status: {
            "description": "\n\n".join(lines),
            "content": {"application/json": schema_ref(names, "Error")},
        }
        for status, lines in texts.items()
    }
