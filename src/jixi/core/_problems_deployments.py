"""Problems of deployments: what does not fit together, and what may not be changed here."""

from jixi.core._problem import Problem

DEPLOYMENTS: tuple[Problem, ...] = (
    Problem(
        code="name_taken",
        status=409,
        en="The public name {name!r} is in use: a deployment, a provider's model or an alias has it.",
        zh="公开名称 {name!r} 已被占用：已有同名的部署、供应商模型或别名。",
        remedy_en="Choose another name; GET /api/routes lists those in use.",
        remedy_zh="请换一个名称；GET /api/routes 列出了已使用的名称。",
    ),
    Problem(
        code="settings_name_taken",
        status=409,
        en="A deployment or an adapter of the settings is called {name!r}, and so is an alias, a provider's model or a "
        "deployment that was made over the API.",
        zh="设置中的部署或适配器名为 {name!r}，但已有同名的别名、供应商模型或通过 API 创建的部署。",
        remedy_en='Give it another name in jixi.toml (for the starter\'s own names: starter = "none"), or start once '
        "without it and rename the other.",
        remedy_zh='请在 jixi.toml 中改名（起步模型可设 starter = "none"）；或暂不配置它启动一次，再改名另一个。',
    ),
    Problem(
        code="model_not_deployable",
        status=422,
        en="The model {model!r} has nothing that could run here: no variant, and no version that is in use.",
        zh="模型 {model!r} 没有可在本机运行的内容：既无变体，也无在用的版本。",
        remedy_en="Reach a closed model through a provider; add a version to a model of your own; or choose another.",
        remedy_zh="闭源模型请通过供应商接入；自有模型请先添加版本；或选择其他模型。",
    ),
    Problem(
        code="variant_unknown",
        status=422,
        en="The model {model!r} has no variant {variant!r}; it has {variants}.",
        zh="模型 {model!r} 没有变体 {variant!r}；可选：{variants}。",
        remedy_en="Name one of them, or leave it out: one that an engine here runs is chosen.",
        remedy_zh="请从中选择；留空则自动选用本机引擎可运行的变体。",
    ),
    Problem(
        code="engine_unfit",
        status=422,
        en="The engine {engine!r} does not run {format} of {model!r}; {engines} can.",
        zh="引擎 {engine!r} 无法运行 {model!r} 的 {format} 格式；可用：{engines}。",
        remedy_en="Choose one of these engines, or another variant of the model.",
        remedy_zh="请选择上述引擎，或换用该模型的其他变体。",
    ),
    Problem(
        code="adapter_unfit",
        status=422,
        en="The version {version!r} is no adapter for {model!r}.",
        zh="版本 {version!r} 不是 {model!r} 的适配器。",
        remedy_en="Name a version in use that was tuned from {base}: one GGUF file, or adapter_config.json with"
        " adapter_model.safetensors.",
        remedy_zh="请指定一个由 {base} 微调而来、尚未退役的版本：单个 GGUF 文件，或 adapter_config.json 与"
        " adapter_model.safetensors。",
    ),
    Problem(
        code="context_too_large",
        status=422,
        en="A context of {context} tokens is more than {model!r} was made for: {most}.",
        zh="上下文长度 {context} 超过 {model!r} 支持的上限 {most}。",
        remedy_en="Ask for {most} tokens or fewer.",
        remedy_zh="请设置为不超过 {most}。",
    ),
    Problem(
        code="license_not_accepted",
        status=409,
        en="The licence {license} of {model!r} allows research alone.",
        zh="{model!r} 的许可 {license} 仅允许研究用途。",
        remedy_en='Read the licence. If it covers your use, say so with accept_license = "{license}"; else choose a '
        "model that is cleared for commercial use.",
        remedy_zh="请阅读许可条款。若您的用途在其允许范围内，请设置 "
        'accept_license = "{license}"；否则请选择可商用的模型。',
    ),
    Problem(
        code="deployment_of_settings",
        status=409,
        en="The deployment {name!r} stands in the settings and is not changed here.",
        zh="部署 {name!r} 由配置文件定义，不能在此修改。",
        remedy_en="Change jixi.toml and restart the server; stopping, starting and restarting it works here.",
        remedy_zh="请修改 jixi.toml 并重启服务；停止、启动与重启可在此操作。",
    ),
)
