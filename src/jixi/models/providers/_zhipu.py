"""Zhipu AI (智谱, BigModel): the GLM models."""

from collections.abc import Mapping
from typing import ClassVar

from jixi.core.principal import Scope
from jixi.models.providers._form import OpenAIForm
from jixi.models.providers._vendor import Fault, Words


class Zhipu(OpenAIForm):
    """https://docs.bigmodel.cn/cn/api/api-code lists its errors. Outside mainland China: https://api.z.ai/api/paas/v4.

    Usage comes with the last chunk of a stream whether or not one asks, and `stream_options` is no field of its API.
    """

    name = "zhipu"
    title = Words("Zhipu (GLM)", "智谱（GLM）")
    default_base_url = "https://open.bigmodel.cn/api/paas/v4"
    kinds = frozenset({Scope.CHAT, Scope.EMBEDDINGS})
    hint = Words(
        "API keys: open.bigmodel.cn/usercenter/apikeys",
        "API 密钥：open.bigmodel.cn/usercenter/apikeys",
    )
    dropped: ClassVar[frozenset[str]] = frozenset({"stream_options"})
    # Its codes are numbers as text; the status alone does not tell an empty account (1113) from a rate limit (1302).
    codes: ClassVar[Mapping[str, Fault]] = {
        **dict.fromkeys(("1000", "1001", "1002", "1003", "1004", "1005", "1220"), "credential"),
        **dict.fromkeys(("1110", "1111", "1112", "1113", "1121", "1304", "1308", "1309", "1310"), "quota"),
        **dict.fromkeys(("1211", "1221", "1222", "1311"), "unknown_model"),
        **dict.fromkeys(("1302", "1303", "1305", "1313"), "rate"),
        "1312": "overloaded",
        "1261": "context",
        "1301": "content",
    }
