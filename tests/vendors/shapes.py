"""What each vendor's wire looks like: how it is called, how it answers, how it refuses; shapes as they were recorded.

Everything here is written from the vendors' documentation and speaks as they do, so that nothing of ours is tested
against itself.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

CREDENTIAL = "sk-canary-7Qp2mW9xV4tL8rB1"
PROMPT_TOKENS, CACHED_TOKENS, ANSWER_TOKENS = 31, 16, 9
CREATED = 1_764_000_000
Json = dict[str, Any]


def openai_usage() -> Json:
    return {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": ANSWER_TOKENS,
        "total_tokens": PROMPT_TOKENS + ANSWER_TOKENS,
        "prompt_tokens_details": {"cached_tokens": CACHED_TOKENS, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


@dataclass(frozen=True)
class Refused:
    """An error as the vendor sends it."""

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Shape:
    """One vendor in OpenAI's form. `root` is the base URL's path, `chat` where chat is served."""

    name: str
    root: str
    chat: str
    errors: Mapping[str, Refused]
    models: str | None = "/models"
    header: str = "Authorization"
    scheme: str = "Bearer "
    limit_field: str = "max_tokens"
    refuses: frozenset[str] = frozenset()
    embeddings: str | None = None
    completions: str | None = None
    rerank: str | None = None
    transcriptions: str | None = None
    speech: str | None = None
    images: str | None = None
    plain_formats: bool = False
    """Whether its models are the newer ones: text without times, and images that need no `response_format`."""
    tells_seconds: bool = True
    reasoning: str | None = "reasoning_content"
    usage: Callable[[], Json] = openai_usage
    usage_place: str = "own"
    keep_alive: bytes = b""
    blank_lines: bytes = b""
    first_chunk: Json | None = None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])


def _deepseek_usage() -> Json:
    return {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": ANSWER_TOKENS,
        "total_tokens": PROMPT_TOKENS + ANSWER_TOKENS,
        "prompt_cache_hit_tokens": CACHED_TOKENS,
        "prompt_cache_miss_tokens": PROMPT_TOKENS - CACHED_TOKENS,
    }


def _moonshot_usage() -> Json:
    return {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": ANSWER_TOKENS,
        "total_tokens": PROMPT_TOKENS + ANSWER_TOKENS,
        "cached_tokens": CACHED_TOKENS,
    }


def _openai_error(message: str, kind: str, code: str | None = None, param: str | None = None) -> Json:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


OPENAI = Shape(
    name="openai",
    root="/openai/v1",
    chat="/chat/completions",
    embeddings="/embeddings",
    completions="/completions",
    transcriptions="/audio/transcriptions",
    speech="/audio/speech",
    images="/images/generations",
    plain_formats=True,
    limit_field="max_completion_tokens",
    refuses=frozenset({"max_tokens"}),
    reasoning=None,
    extra={"service_tier": "default", "system_fingerprint": "fp_1"},
    errors={
        "credential": Refused(
            401,
            _openai_error(
                f"Incorrect API key provided: {CREDENTIAL}. You can find your API key at"
                " https://platform.openai.com/account/api-keys.",
                "invalid_request_error",
                "invalid_api_key",
            ),
        ),
        "quota": Refused(
            429,
            _openai_error(
                "You exceeded your current quota, please check your plan and billing details.",
                "insufficient_quota",
                "insufficient_quota",
            ),
        ),
        "rate": Refused(
            429,
            _openai_error(
                "Rate limit reached for UPSTREAM in organization org-X.", "tokens", "rate_limit_exceeded"
            ),
            {"retry-after": "7", "retry-after-ms": "6400", "x-ratelimit-remaining-requests": "0"},
        ),
        "context": Refused(
            400,
            _openai_error(
                "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
                "invalid_request_error",
                "context_length_exceeded",
                "messages",
            ),
        ),
        "request": Refused(
            400,
            _openai_error(
                "Unsupported value: 'temperature' does not support 0.1 with UPSTREAM.",
                "invalid_request_error",
                "unsupported_value",
                "temperature",
            ),
        ),
        "unknown_model": Refused(
            404,
            _openai_error("The model `UPSTREAM` does not exist.", "invalid_request_error", "model_not_found"),
        ),
        "overloaded": Refused(503, _openai_error("That model is currently overloaded.", "server_error")),
        "failure": Refused(500, _openai_error("The server had an error while processing.", "server_error")),
        "content": Refused(
            400, _openai_error("Rejected by the safety system.", "invalid_request_error", "content_filter")
        ),
    },
)

COMPATIBLE = Shape(
    name="compatible",
    root="/compatible/v1",
    chat="/chat/completions",
    embeddings="/embeddings",
    completions="/completions",
    models="/models",
    rerank="/rerank",
    transcriptions="/audio/transcriptions",
    speech="/audio/speech",
    images="/images/generations",
    tells_seconds=False,
    reasoning="reasoning",
    keep_alive=b": OPENROUTER PROCESSING\n\n",
    errors={
        **{
            name: OPENAI.errors[name]
            for name in ("credential", "quota", "unknown_model", "failure", "content")
        },
        "rate": Refused(429, {"detail": "Too many requests"}, {"retry-after": "3"}),
        # vLLM
        "context": Refused(
            400,
            {
                "object": "error",
                "message": "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens"
                " (8900 in the messages, 100 in the completion).",
                "type": "BadRequestError",
                "param": None,
                "code": 400,
            },
        ),
        "request": Refused(
            400,
            {
                "object": "error",
                "message": "temperature must be non-negative",
                "type": "BadRequestError",
                "code": 400,
            },
        ),
        "overloaded": Refused(503, {"error": "no healthy upstream"}),
    },
)

DASHSCOPE = Shape(
    name="dashscope",
    root="/compatible-mode/v1",
    chat="/chat/completions",
    embeddings="/embeddings",
    completions="/completions",
    models=None,
    extra={"system_fingerprint": None},
    errors={
        "credential": Refused(
            401,
            {
                **_openai_error("Incorrect API key provided. ", "invalid_request_error", "invalid_api_key"),
                "request_id": "r",
            },
        ),
        "quota": Refused(
            400,
            _openai_error(
                "Access denied, please make sure your account is in good standing.", "Arrearage", "Arrearage"
            ),
        ),
        "rate": Refused(
            429,
            _openai_error(
                "You have exceeded your current request limit.", "limit_requests", "limit_requests"
            ),
        ),
        "context": Refused(
            400,
            _openai_error(
                "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]",
                "invalid_request_error",
                "invalid_parameter_error",
            ),
        ),
        "request": Refused(
            400,
            _openai_error(
                "parameter.enable_thinking must be set to false for non-streaming calls",
                "invalid_request_error",
                "invalid_parameter_error",
            ),
        ),
        "unknown_model": Refused(
            404,
            _openai_error("The model `UPSTREAM` does not exist.", "invalid_request_error", "model_not_found"),
        ),
        "overloaded": Refused(
            503, {"code": "ServiceUnavailable", "message": "Too many requests.", "request_id": "r"}
        ),
        "failure": Refused(500, {"code": "InternalError", "message": "An internal error has occured."}),
        "content": Refused(
            400,
            _openai_error(
                "Input data may contain inappropriate content.",
                "data_inspection_failed",
                "data_inspection_failed",
            ),
        ),
    },
)

DEEPSEEK = Shape(
    name="deepseek",
    root="/deepseek",
    chat="/chat/completions",
    completions="/beta/completions",
    usage=_deepseek_usage,
    keep_alive=b": keep-alive\n\n",
    blank_lines=b"\n\n\n",
    errors={
        "credential": Refused(
            401,
            _openai_error(
                f"Authentication Fails, Your api key: ****{CREDENTIAL[-4:]} is invalid",
                "authentication_error",
                "invalid_request_error",
            ),
        ),
        "quota": Refused(
            402, _openai_error("Insufficient Balance", "unknown_error", "invalid_request_error")
        ),
        "rate": Refused(429, _openai_error("Rate limit reached", "rate_limit_error")),
        "context": Refused(
            400,
            _openai_error(
                "This model's maximum context length is 65536 tokens. However, you requested 70000 tokens"
                " (69000 in the messages, 1000 in the completion).",
                "invalid_request_error",
                "invalid_request_error",
            ),
        ),
        "request": Refused(
            422,
            _openai_error(
                "Failed to deserialize: temperature: invalid type",
                "invalid_request_error",
                "invalid_request_error",
            ),
        ),
        "unknown_model": Refused(
            404, _openai_error("Model Not Exist", "invalid_request_error", "invalid_request_error")
        ),
        "overloaded": Refused(503, _openai_error("Server overloaded", "server_error")),
        "failure": Refused(500, _openai_error("Server error", "server_error")),
        "content": Refused(
            400, _openai_error("Content Exists Risk", "invalid_request_error", "content_filter")
        ),
    },
)

MOONSHOT = Shape(
    name="moonshot",
    root="/moonshot/v1",
    chat="/chat/completions",
    limit_field="max_completion_tokens",
    usage=_moonshot_usage,
    usage_place="choice",
    errors={
        "credential": Refused(401, _openai_error("Invalid Authentication", "invalid_authentication_error")),
        "quota": Refused(
            429,
            _openai_error("Your account is suspended, please recharge.", "exceeded_current_quota_error"),
        ),
        "rate": Refused(
            429,
            _openai_error(
                "Your account org-X reached max request: 3, please try again after 1 seconds",
                "rate_limit_reached_error",
            ),
        ),
        "context": Refused(
            400,
            _openai_error(
                "Invalid request: Your request exceeded model token limit: 262144 (requested: 269030)",
                "invalid_request_error",
            ),
        ),
        "request": Refused(
            400, _openai_error("invalid temperature: only 1 is allowed", "invalid_request_error")
        ),
        "unknown_model": Refused(
            404,
            _openai_error("Not found the model UPSTREAM or Permission denied", "resource_not_found_error"),
        ),
        "overloaded": Refused(
            429, _openai_error("The engine is currently overloaded", "engine_overloaded_error")
        ),
        "failure": Refused(500, _openai_error("Internal error", "server_error")),
        "content": Refused(400, _openai_error("The request was rejected: high risk", "content_filter")),
    },
)

ZHIPU = Shape(
    name="zhipu",
    root="/api/paas/v4",
    chat="/chat/completions",
    embeddings="/embeddings",
    models=None,
    refuses=frozenset({"stream_options"}),
    usage_place="last",
    extra={"request_id": "8313807536837492492"},
    errors={
        "credential": Refused(401, {"error": {"code": "1000", "message": "身份验证失败。"}}),
        "quota": Refused(429, {"error": {"code": "1113", "message": "您的账户已欠费，请充值后重试。"}}),
        "rate": Refused(429, {"error": {"code": "1302", "message": "您当前使用该API的并发数过高。"}}),
        "context": Refused(400, {"error": {"code": "1261", "message": "Prompt 超长"}}),
        "request": Refused(400, {"error": {"code": "1214", "message": "temperature 参数非法。请检查文档"}}),
        "unknown_model": Refused(400, {"error": {"code": "1211", "message": "模型不存在，请检查模型代码。"}}),
        "overloaded": Refused(429, {"error": {"code": "1312", "message": "该模型当前访问量过大。"}}),
        "failure": Refused(500, {"error": {"code": "1234", "message": "网络错误"}}),
        "content": Refused(400, {"error": {"code": "1301", "message": "系统检测到不安全或敏感内容"}}),
    },
)

_FILTERS = {"hate": {"filtered": False, "severity": "safe"}}
AZURE = Shape(
    name="azure",
    root="/azure",
    chat="/openai/deployments/UPSTREAM/chat/completions",
    embeddings="/openai/deployments/UPSTREAM/embeddings",
    completions="/openai/deployments/UPSTREAM/completions",
    transcriptions="/openai/deployments/UPSTREAM/audio/transcriptions",
    speech="/openai/deployments/UPSTREAM/audio/speech",
    images="/openai/deployments/UPSTREAM/images/generations",
    tells_seconds=False,
    models="/openai/models",
    header="api-key",
    scheme="",
    limit_field="max_completion_tokens",
    refuses=frozenset({"max_tokens"}),
    reasoning=None,
    first_chunk={
        "choices": [],
        "created": 0,
        "id": "",
        "model": "",
        "object": "",
        "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": _FILTERS}],
    },
    errors={
        "credential": Refused(
            401,
            {
                "error": {
                    "code": "401",
                    "message": "Access denied due to invalid subscription key or wrong API endpoint.",
                }
            },
        ),
        "quota": OPENAI.errors["quota"],
        "rate": Refused(
            429,
            {"error": {"code": "429", "message": "Requests have exceeded token rate limit."}},
            {"retry-after": "2", "retry-after-ms": "1400"},
        ),
        "context": OPENAI.errors["context"],
        "request": OPENAI.errors["request"],
        "unknown_model": Refused(
            404,
            {
                "error": {
                    "code": "DeploymentNotFound",
                    "message": "The API deployment for this resource does not exist.",
                }
            },
        ),
        "overloaded": Refused(503, {"error": {"code": "ServiceUnavailable", "message": "Try again later."}}),
        "failure": Refused(
            500, {"error": {"code": "InternalServerError", "message": "Backend returned error"}}
        ),
        "content": Refused(
            400,
            {
                "error": {
                    "message": "The response was filtered due to the prompt triggering the policy.",
                    "type": None,
                    "param": "prompt",
                    "code": "content_filter",
                    "status": 400,
                    "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": _FILTERS},
                }
            },
        ),
    },
)


def _anthropic_error(kind: str, message: str) -> Json:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


ANTHROPIC = Shape(
    name="anthropic",
    root="/anthropic",
    chat="/v1/messages",
    models="/v1/models",
    header="x-api-key",
    scheme="",
    errors={
        "credential": Refused(401, _anthropic_error("authentication_error", "invalid x-api-key")),
        "quota": Refused(
            400,
            _anthropic_error(
                "invalid_request_error", "Your credit balance is too low to access the Anthropic API."
            ),
        ),
        "rate": Refused(
            429,
            _anthropic_error("rate_limit_error", "This request would exceed your organization's rate limit."),
            {"retry-after": "7", "anthropic-ratelimit-requests-remaining": "0"},
        ),
        "context": Refused(
            400,
            _anthropic_error("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
        ),
        "request": Refused(400, _anthropic_error("invalid_request_error", "temperature: range: 0..1")),
        "unknown_model": Refused(404, _anthropic_error("not_found_error", "model: UPSTREAM")),
        "overloaded": Refused(529, _anthropic_error("overloaded_error", "Overloaded")),
        "failure": Refused(500, _anthropic_error("api_error", "Internal server error")),
    },
)

SHAPES: dict[str, Shape] = {
    shape.name: shape
    for shape in (OPENAI, COMPATIBLE, DASHSCOPE, DEEPSEEK, MOONSHOT, ZHIPU, AZURE, ANTHROPIC)
}


def event(data: Json | str, name: str | None = None) -> bytes:
    """One server-sent event."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()
