"""Settings of a deployment as flags of vLLM and SGLang: parsed by the flags that those really have."""

from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jixi.core.errors import JixiError
from jixi.core.principal import Scope
from jixi.models.engines import (
    EmbeddingEngine,
    Engine,
    Launch,
    LlamaCppEngine,
    SglangEngine,
    VllmEngine,
    asks_of,
    profile_of,
)
from tests.contract.fakes import sglang, vllm

_LAUNCH = Launch(
    model="chat",
    socket=Path("/run/1.sock"),
    files={"model": Path("/models/qwen")},
    context=8192,
    parallel=32,
    port=4711,
    key="secret-key",
    python=Path("/envs/x/bin/python"),
)
_EVERY = {
    "tensor_parallel": 4,
    "pipeline_parallel": 2,
    "gpu_memory": 0.7,
    "quantization": "awq",
    "kv_cache": "fp8",
    "precision": "bfloat16",
    "tool_parser": "hermes",
    "reasoning_parser": "qwen3",
    "adapter_rank": 32,
}


_ADAPTERS = {"legal": Path("/adapters/legal"), "chat:medical": Path("/adapters/medical")}


def parsed(engine: Engine, parser: Callable[[], Any], **options: Any) -> Namespace:
    command = engine.command(replace(_LAUNCH, options=options, adapters=_ADAPTERS))
    _, _, _, python, _, script, paths, _module, *arguments = command.argv
    assert (python, Path(script).name, paths) == ("/envs/x/bin/python", "_elsewhere.py", "[]")
    return parser().parse_args(arguments)


def test_vllm_is_told_what_the_deployment_says() -> None:
    told = parsed(VllmEngine(), vllm.parser, **_EVERY, eager=True)
    assert (told.model_tag, told.served_model_name) == ("/models/qwen", ["chat"])
    assert (told.uds, told.host, told.port) == (None, "127.0.0.1", 4711)
    assert "/run/1.sock" in " ".join(VllmEngine().command(replace(_LAUNCH, port=None)).argv)
    assert (told.max_model_len, told.max_num_seqs) == (8192, 32)
    assert (told.tensor_parallel_size, told.pipeline_parallel_size, told.gpu_memory_utilization) == (
        4,
        2,
        0.7,
    )
    assert (told.quantization, told.kv_cache_dtype, told.dtype) == ("awq", "fp8", "bfloat16")
    assert (told.enable_auto_tool_choice, told.tool_call_parser) == (True, "hermes")
    assert (told.reasoning_parser, told.enforce_eager, told.runner) == ("qwen3", True, "generate")
    assert told.lora_modules == ["legal=/adapters/legal", "chat:medical=/adapters/medical"]
    assert (told.enable_lora, told.max_lora_rank) == (True, 32)
    assert told.enable_prefix_caching is True
    assert parsed(VllmEngine(), vllm.parser, prefix_caching=False).enable_prefix_caching is False
    assert parsed(VllmEngine(), vllm.parser, task="rerank").runner == "pooling"


def test_vllm_fetches_no_images() -> None:
    assert parsed(VllmEngine(), vllm.parser, vision=True).allowed_media_domains == ["nowhere.invalid"]
    assert VllmEngine().command(_LAUNCH).env["VLLM_MEDIA_URL_ALLOW_REDIRECTS"] == "0"


def test_sglang_fetches_no_images() -> None:
    """It judges the target of a redirect by the same list."""
    assert parsed(SglangEngine(), sglang.parser, vision=True).allowed_media_domains == ["nowhere.invalid"]


def test_sglang_is_told_what_the_deployment_says_and_no_secret() -> None:
    told = parsed(SglangEngine(), sglang.parser, **_EVERY | {"kv_cache": "fp8_e5m2"})
    assert (told.model_path, told.served_model_name) == ("/models/qwen", "chat")
    assert (told.host, told.port, told.api_key) == ("127.0.0.1", 4711, None)
    assert (told.context_length, told.max_running_requests) == (8192, 32)
    assert (told.tp_size, told.pp_size, told.mem_fraction_static) == (4, 2, 0.7)
    assert (told.quantization, told.kv_cache_dtype, told.dtype) == ("awq", "fp8_e5m2", "bfloat16")
    assert (told.tool_call_parser, told.reasoning_parser) == ("hermes", "qwen3")
    assert told.lora_paths == ["legal=/adapters/legal", "chat:medical=/adapters/medical"]
    assert (told.enable_lora, told.max_lora_rank, told.enable_metrics) == (True, 32, True)
    assert not told.disable_radix_cache
    assert parsed(SglangEngine(), sglang.parser, prefix_caching=False).disable_radix_cache
    command = SglangEngine().command(_LAUNCH)
    assert not any("secret-key" in argument for argument in command.argv)
    assert command.env["JIXI_ENGINE_KEY"] == "secret-key"


@pytest.mark.parametrize("engine", [VllmEngine(), SglangEngine()])
def test_what_it_can_do_follows_from_its_options(engine: Engine) -> None:
    plain = profile_of(engine, {})
    assert (plain.kinds, plain.tools, plain.vision) == ({Scope.CHAT, Scope.COMPLETIONS}, "emulated", False)
    assert profile_of(engine, {"tool_parser": "hermes"}).tools == "native"
    assert profile_of(engine, {"vision": True}).vision
    assert profile_of(engine, {"task": "embedding"}).kinds == {Scope.EMBEDDINGS}


@pytest.mark.parametrize("engine", [VllmEngine(), SglangEngine()])
@pytest.mark.parametrize(
    "options",
    [
        {"gpu_memory": 0},
        {"gpu_memory": 1.5},
        {"adapters": {"a": "/x"}},
        {"adapter_rank": 7},
        {"task": "painting"},
        {"extra_flags": ["--trust-remote-code"]},
    ],
)
def test_options_that_make_no_sense_or_smuggle_flags_are_refused(
    engine: Engine, options: dict[str, Any]
) -> None:
    with pytest.raises(JixiError) as refused:
        engine.command(replace(_LAUNCH, options=options))
    assert refused.value.code == "invalid_value"


@pytest.mark.parametrize("engine", [VllmEngine(), SglangEngine()])
def test_a_model_is_needed_and_may_be_named_by_a_file_of_it(engine: Engine) -> None:
    with pytest.raises(JixiError):
        engine.command(replace(_LAUNCH, files={}))
    named = engine.command(replace(_LAUNCH, files={"model": Path("/models/qwen/config.json")}))
    assert "/models/qwen" in named.argv


@pytest.mark.parametrize("engine", [VllmEngine(), SglangEngine()])
def test_without_adapters_nothing_is_made_ready_for_them(engine: Engine) -> None:
    argv = engine.command(_LAUNCH).argv
    assert not [argument for argument in argv if argument.startswith("--") and "lora" in argument]


@pytest.mark.parametrize("engine", [VllmEngine(), SglangEngine()])
@pytest.mark.parametrize("name", ["--uds", "a=b", "a b", "", "x" * 121])
def test_a_name_of_an_adapter_that_would_smuggle_flags_is_refused(engine: Engine, name: str) -> None:
    with pytest.raises(JixiError) as refused:
        engine.command(replace(_LAUNCH, adapters={name: Path("/x")}))
    assert (refused.value.code, refused.value.param) == ("invalid_value", "adapters")


def test_each_engine_is_asked_for_an_adapter_in_its_own_way() -> None:
    launch = replace(_LAUNCH, adapters=_ADAPTERS)
    assert asks_of(VllmEngine(), launch) == {name: {"model": name} for name in ("chat", *_ADAPTERS)}
    assert asks_of(SglangEngine(), launch) == {
        "chat": {"model": "chat"},
        "legal": {"model": "chat:legal"},
        "chat:medical": {"model": "chat:chat:medical"},
    }
    assert asks_of(VllmEngine(), _LAUNCH) == {}


def test_an_engine_without_adapters_says_so_and_none_has_the_name_of_its_base() -> None:
    cases = (
        (EmbeddingEngine(), "legal", "/x"),
        (VllmEngine(), "chat", "/x"),
        (VllmEngine(), "legal", "/x.gguf"),
        (LlamaCppEngine(), "legal", "/x"),
    )
    for engine, name, path in cases:
        with pytest.raises(JixiError) as refused:
            asks_of(engine, replace(_LAUNCH, adapters={name: Path(path)}))
        assert (refused.value.code, refused.value.param) == ("invalid_value", "adapters")
