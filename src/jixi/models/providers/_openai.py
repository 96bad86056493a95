"""OpenAI, and whoever serves its API at an address of their own (vLLM, SGLang, Ollama, OpenRouter, one more Jixi)."""

from collections.abc import Mapping
from typing import ClassVar, Final

from jixi.core.principal import Scope
from jixi.models.providers._form import OpenAIForm
from jixi.models.providers._mending import Fields, Mending, parts_of
from jixi.models.providers._vendor import Fault, Need, Translation, Words

ALL: Final = frozenset(
    {Scope.CHAT, Scope.COMPLETIONS, Scope.EMBEDDINGS, Scope.TRANSCRIPTIONS, Scope.SPEECH, Scope.IMAGES}
)
"""What OpenAI serves."""


class OpenAI(OpenAIForm):
    """https://platform.openai.com/docs/api-reference; its errors: .../docs/guides/error-codes."""

    name = "openai"
    title = Words("OpenAI")
    default_base_url = "https://api.openai.com/v1"
    kinds = ALL
    hint = Words("API keys: platform.openai.com/api-keys", "API 密钥：platform.openai.com/api-keys")
    # The gateway asks with `max_tokens`. It is deprecated here, and reasoning models refuse it.
    renamed: ClassVar[Mapping[str, str]] = {"max_tokens": "max_completion_tokens"}
    has_tiers = True
    # A used-up account answers 429 like a rate limit, but no waiting helps.
    codes: ClassVar[Mapping[str, Fault]] = {
        "insufficient_quota": "quota",
        "billing_hard_limit_reached": "quota",
        "billing_not_active": "quota",
        "model_not_found": "unknown_model",
        "content_filter": "content",
        "content_policy_violation": "content",
    }


class Compatible(OpenAIForm):
    """Any OpenAI-compatible address. A key is sent where there is one; local servers often need none."""

    name = "compatible"
    title = Words("OpenAI-compatible", "兼容 OpenAI 的服务")
    needs: frozenset[Need] = frozenset({"base_url"})
    kinds = ALL | {Scope.RERANK}
    hint = Words(
        "The address ends where /chat/completions would follow, mostly in /v1",
        "填到 /chat/completions 之前为止，通常以 /v1 结尾",
    )
    codes: ClassVar[Mapping[str, Fault]] = OpenAI.codes

    def translation(self, path: str) -> Translation | None:
        # vLLM since 0.12 and OpenRouter say `reasoning` for what the others call `reasoning_content`.
        return super().translation(path) or Mending(b'"reasoning"', _rename_reasoning)


def _rename_reasoning(fields: Fields) -> None:
    for part in parts_of(fields):
        thought = part.pop("reasoning", None)
        if isinstance(thought, str) and not part.get("reasoning_content"):
            part["reasoning_content"] = thought
