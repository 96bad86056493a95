"""Problems of outside providers: what befell, without what is not the caller's business."""

from jixi.core._problem import Problem

OUTSIDE: tuple[Problem, ...] = (
    Problem(
        code="provider_credential_refused",
        status=502,
        openai_type="api_error",
        en="The provider of {model!r} refuses the credential that Jixi sends.",
        zh="{model!r} 的供应商拒绝了 Jixi 使用的凭据。",
        remedy_en="Your own key is fine. A platform administrator enters another credential under Providers.",
        remedy_zh="您的密钥没有问题。请平台管理员在「供应商」页重新录入凭据。",
    ),
    Problem(
        code="provider_quota_exhausted",
        status=502,
        openai_type="api_error",
        en="The account at the provider of {model!r} is used up or in arrears.",
        zh="{model!r} 所用的供应商账户额度已用尽或已欠费。",
        remedy_en="Use another model; a platform administrator tops up the account at the provider.",
        remedy_zh="请改用其他模型；请平台管理员为供应商账户充值。",
    ),
    Problem(
        code="provider_model_unknown",
        status=502,
        openai_type="api_error",
        en="The provider of {model!r} does not know the model behind that name.",
        zh="{model!r} 的供应商不存在该名称对应的上游模型。",
        remedy_en="A platform administrator corrects the upstream name under Providers; a check lists the names.",
        remedy_zh="请平台管理员在「供应商」页修正上游模型名；「检查」会列出可用名称。",
    ),
    Problem(
        code="provider_unreachable",
        status=502,
        openai_type="api_error",
        en="The provider of {model!r} does not answer as it should: {reason}.",
        zh="{model!r} 的供应商未能正常响应：{reason}。",
        remedy_en="Try again; a platform administrator checks the base URL and the network under Providers.",
        remedy_zh="请重试；请平台管理员在「供应商」页检查接口地址与网络。",
    ),
    Problem(
        code="content_filter",
        status=400,
        en="The provider of {model!r} refuses this content.",
        zh="{model!r} 的供应商因内容安全策略拒绝了该请求。",
        remedy_en="Change the request; the provider's own rules decide here.",
        remedy_zh="请修改请求内容；此处以供应商的内容策略为准。",
    ),
)
