"""The catalogue of problems: every error that Jixi can answer with, in English and Chinese.

One line of facts in, four texts out; the error reference of the docs is generated from this table.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """An entry of the catalogue. Texts are format strings over the facts; `openai_type` is the `type` on /v1."""

    code: str
    status: int
    openai_type: str = "invalid_request_error"
    en: str
    zh: str
    remedy_en: str
    remedy_zh: str


CATALOGUE: tuple[Problem, ...] = (
    # Who calls
    Problem(
        code="not_authenticated",
        status=401,
        openai_type="authentication_error",
        en="No valid credentials were sent.",
        zh="请求没有携带有效的凭据。",
        remedy_en="Send an API key as 'Authorization: Bearer sk-jixi-…', or sign in to the console.",
        remedy_zh="请在请求头中携带 'Authorization: Bearer sk-jixi-…'，或登录控制台。",
    ),
    Problem(
        code="invalid_api_key",
        status=401,
        openai_type="authentication_error",
        en="This API key is not known here.",
        zh="该 API 密钥不存在。",
        remedy_en="Check that the whole key was copied, or make a new one under API keys.",
        remedy_zh="请检查密钥是否完整，或在「API 密钥」页新建一个。",
    ),
    Problem(
        code="api_key_expired",
        status=401,
        openai_type="authentication_error",
        en="This API key expired on {expired_at}.",
        zh="该 API 密钥已于 {expired_at} 过期。",
        remedy_en="Make a new key, or ask your administrator to extend this one.",
        remedy_zh="请新建密钥，或请管理员延长有效期。",
    ),
    Problem(
        code="api_key_revoked",
        status=401,
        openai_type="authentication_error",
        en="This API key was revoked.",
        zh="该 API 密钥已被吊销。",
        remedy_en="Use another key; a revoked one never comes back.",
        remedy_zh="请使用其他密钥；已吊销的密钥无法恢复。",
    ),
    Problem(
        code="scope_missing",
        status=403,
        openai_type="permission_error",
        en="This API key lacks the scope {scope!r}.",
        zh="该 API 密钥缺少权限范围 {scope!r}。",
        remedy_en="Make a key with that scope.",
        remedy_zh="请新建包含该权限范围的密钥。",
    ),
    Problem(
        code="model_not_allowed",
        status=403,
        openai_type="permission_error",
        en="This API key may not use the model {model!r}.",
        zh="该 API 密钥不允许使用模型 {model!r}。",
        remedy_en="Use one of the key's models (GET /v1/models), or widen the key.",
        remedy_zh="请使用该密钥允许的模型（GET /v1/models），或扩大密钥的模型范围。",
    ),
    Problem(
        code="role_forbidden",
        status=403,
        openai_type="permission_error",
        en="Your role {role!r} may not do this.",
        zh="您的角色 {role!r} 无权执行此操作。",
        remedy_en="Ask an administrator of your organisation.",
        remedy_zh="请联系您所在组织的管理员。",
    ),
    # What was asked
    Problem(
        code="invalid_json",
        status=400,
        en="The body is not valid JSON: {reason}.",
        zh="请求体不是合法的 JSON：{reason}。",
        remedy_en="Send a JSON object in UTF-8 with 'Content-Type: application/json'.",
        remedy_zh="请以 UTF-8 编码发送 JSON 对象，并设置 'Content-Type: application/json'。",
    ),
    Problem(
        code="invalid_value",
        status=400,
        en="The request is not valid: {reason}.",
        zh="请求参数不合法：{reason}。",
        remedy_en="Correct that field; the reference is at /docs.",
        remedy_zh="请修正该字段；参考文档见 /docs。",
    ),
    Problem(
        code="unsupported_parameter",
        status=400,
        en="The parameter {name!r} is not accepted here.",
        zh="不接受参数 {name!r}。",
        remedy_en="Leave it out.",
        remedy_zh="请去掉该参数。",
    ),
    Problem(
        code="body_too_large",
        status=413,
        en="The body is larger than {limit} bytes.",
        zh="请求体超过 {limit} 字节。",
        remedy_en="Send less at a time, or have an administrator raise 'max_body_bytes'.",
        remedy_zh="请减小请求体，或请管理员调高 'max_body_bytes'。",
    ),
    Problem(
        code="model_not_found",
        status=404,
        en="The model {model!r} does not exist here.",
        zh="模型 {model!r} 不存在。",
        remedy_en="GET /v1/models lists the models that this key can use.",
        remedy_zh="可通过 GET /v1/models 查看该密钥可用的模型。",
    ),
    Problem(
        code="not_found",
        status=404,
        en="There is no such {noun}.",
        zh="找不到该资源（{noun}）。",
        remedy_en="Check the id or the address.",
        remedy_zh="请检查 ID 或地址。",
    ),
    Problem(
        code="method_not_allowed",
        status=405,
        en="This address does not take {method}.",
        zh="该地址不支持 {method} 方法。",
        remedy_en="The reference is at /docs.",
        remedy_zh="参考文档见 /docs。",
    ),
    Problem(
        code="context_length_exceeded",
        status=400,
        en="The request needs {needed} tokens, the model {model!r} has a context of {context}.",
        zh="请求需要 {needed} 个 token，而模型 {model!r} 的上下文长度为 {context}。",
        remedy_en="Shorten the messages or lower max_tokens.",
        remedy_zh="请缩短消息内容或调低 max_tokens。",
    ),
    Problem(
        code="conflict",
        status=409,
        en="The {noun} already exists or has changed since you read it.",
        zh="{noun} 已存在，或在您读取之后已被修改。",
        remedy_en="Read it again and repeat the change.",
        remedy_zh="请重新读取后再次修改。",
    ),
    Problem(
        code="duplicate_request",
        status=409,
        en="The request id {request_id!r} was used before.",
        zh="请求 ID {request_id!r} 已被使用。",
        remedy_en="Send a new x-request-id, or none.",
        remedy_zh="请更换 x-request-id，或不传。",
    ),
    Problem(
        code="idempotency_mismatch",
        status=422,
        en="This Idempotency-Key was used for another request.",
        zh="该 Idempotency-Key 已用于另一个请求。",
        remedy_en="Use a new key for a new request.",
        remedy_zh="新的请求请使用新的 Idempotency-Key。",
    ),
    # Limits and money
    Problem(
        code="rate_limited",
        status=429,
        openai_type="rate_limit_error",
        en="Too many attempts.",
        zh="请求过于频繁。",
        remedy_en="Wait {seconds} s and try again.",
        remedy_zh="请等待 {seconds} 秒后重试。",
    ),
    Problem(
        code="budget_exceeded",
        status=429,
        openai_type="insufficient_quota",
        en="The monthly budget of this {scope} is used up: the call may cost up to {needed}, {left} are left.",
        zh="本月预算（{scope}）不足：本次调用最多需要 {needed}，剩余 {left}。",
        remedy_en="Lower max_tokens, wait for next month, or have an administrator raise the budget.",
        remedy_zh="请调低 max_tokens、等待下月，或请管理员提高预算。",
    ),
    Problem(
        code="price_unknown",
        status=503,
        openai_type="api_error",
        en="The model {model!r} has no price, so its use cannot be accounted.",
        zh="模型 {model!r} 尚未定价，无法计费。",
        remedy_en="An administrator sets a price under Usage & cost; 0 is a price.",
        remedy_zh="请管理员在「用量与费用」中设置价格；价格可以为 0。",
    ),
    # Engines
    Problem(
        code="model_unavailable",
        status=503,
        openai_type="api_error",
        en="The model {model!r} is not ready: {state}.",
        zh="模型 {model!r} 暂不可用：{state}。",
        remedy_en="Try again in a moment; its state is on the Deployments page.",
        remedy_zh="请稍后重试；可在「部署」页查看状态。",
    ),
    Problem(
        code="engine_error",
        status=502,
        openai_type="api_error",
        en="The engine of {model!r} failed: {reason}.",
        zh="模型 {model!r} 的推理引擎出错：{reason}。",
        remedy_en="Try again; if it keeps failing, an administrator finds the cause in the deployment's log.",
        remedy_zh="请重试；若持续失败，请管理员查看该部署的日志。",
    ),
    Problem(
        code="engine_timeout",
        status=504,
        openai_type="api_error",
        en="The engine of {model!r} made no progress for {seconds} s.",
        zh="模型 {model!r} 的推理引擎在 {seconds} 秒内没有进展。",
        remedy_en="Try again; a shorter prompt answers sooner.",
        remedy_zh="请重试；较短的提示词响应更快。",
    ),
    Problem(
        code="operation_not_supported",
        status=400,
        en="The model {model!r} does not serve {kind}.",
        zh="模型 {model!r} 不支持 {kind}。",
        remedy_en="Choose a model of that kind; GET /v1/models names each model's kinds.",
        remedy_zh="请选择支持该能力的模型；GET /v1/models 列出了各模型的能力。",
    ),
    Problem(
        code="overloaded",
        status=503,
        openai_type="api_error",
        en="The model {model!r} has {waiting} calls waiting and takes no more.",
        zh="模型 {model!r} 已有 {waiting} 个请求在排队，暂不接受新请求。",
        remedy_en="Wait as long as Retry-After says and try again.",
        remedy_zh="请按 Retry-After 指示等待后重试。",
    ),
    # The house itself
    Problem(
        code="ledger_unavailable",
        status=503,
        openai_type="api_error",
        en="The ledger cannot be written, so no call is admitted.",
        zh="账本暂不可写，无法受理调用。",
        remedy_en="Try again; an administrator checks the database and the disk ('jixi doctor').",
        remedy_zh="请重试；请管理员检查数据库与磁盘（'jixi doctor'）。",
    ),
    Problem(
        code="internal_error",
        status=500,
        openai_type="api_error",
        en="Something went wrong inside Jixi.",
        zh="Jixi 内部出错。",
        remedy_en="Try again; quote the request id {request_id} to your administrator.",
        remedy_zh="请重试；并将请求 ID {request_id} 告知管理员。",
    ),
    Problem(
        code="unknown_extension",
        status=500,
        openai_type="api_error",
        en="There is no {kind} called {name!r}; known: {known}.",
        zh="没有名为 {name!r} 的 {kind}；可用：{known}。",
        remedy_en="Correct the name in the settings or install the package that brings it.",
        remedy_zh="请修正配置中的名称，或安装提供它的软件包。",
    ),
)
