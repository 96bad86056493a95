"""The `vllm` engine: models on accelerators by vLLM's own server, in an environment of its own, on a Unix socket.

The flags are those of vLLM 0.32.0 (`vllm serve --help`).
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

from jixi.compute.drivers import Command, leashed
from jixi.core.principal import Scope
from jixi.models.engines._flags import (
    NO_MEDIA_DOMAINS,
    Accelerated,
    Share,
    flags,
    model_path,
    modules,
    python_of,
)
from jixi.models.engines._footprint import Footprint, Load
from jixi.models.engines._protocol import Launch, Profile
from jixi.models.engines._served import served_footprint
from jixi.models.engines._worker import UNBUFFERED, elsewhere, key_of, options_from, options_of

_KINDS: Final = {
    "generate": frozenset({Scope.CHAT, Scope.COMPLETIONS}),
    "embedding": frozenset({Scope.EMBEDDINGS}),
    "rerank": frozenset({Scope.RERANK}),
    "transcription": frozenset({Scope.TRANSCRIPTIONS}),
}
_SHARE: Final = 0.9
# What names files or code on the server, or takes more of it than the hold covers.
_REFUSED: Final = frozenset(
    {
        "chat_template",
        "best_of",
        "use_beam_search",
        "mm_processor_kwargs",
        "media_io_kwargs",
        "priority",
        "logits_processors",
    }
)


class VllmOptions(Accelerated, frozen=True, kw_only=True, forbid_unknown_fields=True):
    task: Literal["generate", "embedding", "rerank", "transcription"] = "generate"
    """What the model is for."""
    gpu_memory: Share | None = None
    """The share of each accelerator's memory that the engine takes; by default as much as its model and its calls
    need, or 0.9 where that is not known."""
    eager: bool = False
    """Build no graphs of the model: slower, starts sooner, needs less memory."""


class VllmEngine:
    """Chat and completions, vectors, ranking or transcripts, as the option `task` says."""

    name: Final = "vllm"
    profile: Final = Profile(
        kinds=frozenset[Scope]().union(*_KINDS.values()),
        tools="native",
        vision=True,
        refused=_REFUSED,
        local=frozenset({"adapters"}),
        progress="/metrics",
        progress_lines="vllm:",
        imports=("vllm",),
        requirements=("vllm==0.32.0",),
        adapters="peft",
    )

    def profile_of(self, options: Mapping[str, Any]) -> Profile:
        chosen = options_from(options, VllmOptions, self.name)
        return chosen.profile(self.profile, _KINDS[chosen.task])

    def footprint(self, load: Load) -> Footprint:
        """All that vLLM takes lies within its share (--gpu-memory-utilization), but for its graphs."""
        chosen = options_from(load.options, VllmOptions, self.name)
        return served_footprint(
            load, chosen, share=chosen.gpu_memory, otherwise=_SHARE, graphs=not chosen.eager
        )

    def within(self, footprint: Footprint, share: float) -> dict[str, float]:
        return {"gpu_memory": share}

    def asks(self, launch: Launch, name: str) -> Mapping[str, Any]:
        """It lists adapters as models of their own."""
        return {"model": name}

    def command(self, launch: Launch) -> Command:
        chosen = options_of(launch, VllmOptions)
        told = flags(
            served_model_name=launch.model,
            uds=str(launch.socket) if launch.port is None else None,
            host=None if launch.port is None else launch.host,
            port=launch.port,
            # It asks for its key at /v1 alone.
            middleware=None if launch.port is None else "__main__.KeyGuard",
            max_model_len=launch.context,
            max_num_seqs=launch.parallel,
            tensor_parallel_size=chosen.tensor_parallel,
            pipeline_parallel_size=chosen.pipeline_parallel,
            gpu_memory_utilization=chosen.gpu_memory or _SHARE,
            dtype=chosen.precision,
            quantization=chosen.quantization,
            kv_cache_dtype=chosen.kv_cache,
            runner="pooling" if chosen.task in ("embedding", "rerank") else "generate",
            enable_prefix_caching=chosen.prefix_caching,
            no_enable_prefix_caching=not chosen.prefix_caching,
            enable_auto_tool_choice=chosen.tool_parser is not None,
            tool_call_parser=chosen.tool_parser,
            reasoning_parser=chosen.reasoning_parser,
            enforce_eager=chosen.eager,
            enable_prompt_tokens_details=True,
            disable_uvicorn_access_log=True,
            disable_fastapi_docs=True,
            allowed_media_domains=NO_MEDIA_DOMAINS,
            enable_lora=bool(launch.adapters),
            max_lora_rank=chosen.adapter_rank if launch.adapters else None,
            lora_modules=modules(launch),
        )
        module = ("vllm.entrypoints.cli.main", "serve", model_path(launch))
        # No word to anybody outside: no statistics, no hub, no redirects of images.
        silent = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
        env = UNBUFFERED | silent | {"VLLM_MEDIA_URL_ALLOW_REDIRECTS": "0"} | key_of(launch)
        return leashed(Command(argv=elsewhere(python_of(launch), *module, *told), env=env))
