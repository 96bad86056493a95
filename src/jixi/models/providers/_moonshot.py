"""Moonshot AI: the Kimi models."""

from collections.abc import Mapping
from typing import ClassVar

from jixi.models.providers._form import OpenAIForm
from jixi.models.providers._mending import Fields, Mending, choices_of, place_cached
from jixi.models.providers._vendor import Fault, Translation, Words


class Moonshot(OpenAIForm):
    """https://platform.kimi.ai/docs. Outside mainland China the address is https://api.moonshot.ai/v1."""

    name = "moonshot"
    title = Words("Moonshot (Kimi)", "月之暗面（Kimi）")
    default_base_url = "https://api.moonshot.cn/v1"
    hint = Words(
        "API keys: platform.moonshot.cn/console/api-keys",
        "API 密钥：platform.moonshot.cn/console/api-keys",
    )
    # `max_tokens` is deprecated in favour of the newer name.
    renamed: ClassVar[Mapping[str, str]] = {"max_tokens": "max_completion_tokens"}
    codes: ClassVar[Mapping[str, Fault]] = {
        "exceeded_current_quota_error": "quota",
        "rate_limit_reached_error": "rate",
        "engine_overloaded_error": "overloaded",
        "resource_not_found_error": "unknown_model",
        "permission_denied_error": "credential",
        "content_filter": "content",
    }

    def translation(self, path: str) -> Translation | None:
        return Mending(b'"usage"', _place_usage)


def _place_usage(fields: Fields) -> None:
    """Usage comes with the last choice of a stream where OpenAI puts it beside, and names cached tokens at its top."""
    for choice in choices_of(fields):
        usage = choice.pop("usage", None)
        if usage is not None and not fields.get("usage"):
            fields["usage"] = usage
    place_cached(fields, "cached_tokens")
