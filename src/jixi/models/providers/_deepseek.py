"""DeepSeek."""

from collections.abc import Mapping
from typing import ClassVar

from jixi.core.principal import Scope
from jixi.models.providers._form import OpenAIForm
from jixi.models.providers._mending import Mending, place_cached
from jixi.models.providers._vendor import Fault, Target, Translation, Words


class DeepSeek(OpenAIForm):
    """https://api-docs.deepseek.com. While it queues a call it sends comments, or blank lines before a whole answer.

    An empty balance is 402, bad parameters are 422, a busy server is 503.
    """

    name = "deepseek"
    title = Words("DeepSeek")
    default_base_url = "https://api.deepseek.com"
    kinds = frozenset({Scope.CHAT, Scope.COMPLETIONS})
    hint = Words("API keys: platform.deepseek.com", "API 密钥：platform.deepseek.com")
    codes: ClassVar[Mapping[str, Fault]] = {"content_filter": "content", "Content Exists Risk": "content"}

    def url(self, target: Target, path: str) -> str:
        """Completions are served under /beta alone."""
        beta = path == "/completions" and not target.base_url.endswith("/beta")
        base = target.base_url.removesuffix("/v1") + "/beta" if beta else target.base_url
        return base + path

    def translation(self, path: str) -> Translation | None:
        # What its cache served stands beside the prompt's tokens, by a name of its own.
        name = "prompt_cache_hit_tokens"
        return Mending(name.encode(), lambda fields: place_cached(fields, name))
