"""DashScope (Alibaba Cloud Model Studio, 百炼) in its OpenAI-compatible mode: the Qwen models."""

from collections.abc import Mapping
from typing import ClassVar

from jixi.core.principal import Scope
from jixi.models.providers._form import OpenAIForm
from jixi.models.providers._vendor import Fault, Words


class DashScope(OpenAIForm):
    """https://help.aliyun.com/zh/model-studio/error-code lists its errors.

    Outside mainland China the address is https://dashscope-intl.aliyuncs.com/compatible-mode/v1. `reasoning_content`,
    `stream_options` and `prompt_tokens_details` are as with OpenAI; a limit on tokens leaves thinking uncounted.
    """

    name = "dashscope"
    title = Words("DashScope (Qwen)", "阿里云百炼（通义千问）")
    default_base_url = "https://dashscope.aliyuncs.com/compatible-mode/v1"
    kinds = frozenset({Scope.CHAT, Scope.COMPLETIONS, Scope.EMBEDDINGS})
    hint = Words("API keys: bailian.console.aliyun.com", "API 密钥：bailian.console.aliyun.com")
    # An account in arrears is refused with 400, a used-up quota with 403 or 429, an unknown model with 404.
    codes: ClassVar[Mapping[str, Fault]] = {
        "Arrearage": "quota",
        "AllocationQuota.FreeTierOnly": "quota",
        "insufficient_quota": "rate",
        "limit_requests": "rate",
        "Throttling": "rate",
        "Throttling.RateQuota": "rate",
        "Throttling.BurstRate": "rate",
        "Throttling.AllocationQuota": "rate",
        "LimitRequests": "rate",
        "ModelNotFound": "unknown_model",
        "model_not_found": "unknown_model",
        "model_not_supported": "unknown_model",
        "data_inspection_failed": "content",
        "DataInspectionFailed": "content",
        "ServiceUnavailable": "overloaded",
    }
