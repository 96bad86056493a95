"""The `sglang` engine: models on accelerators by SGLang's own server, in an environment of its own.

It knows no Unix sockets, so it always listens on a port, for those who have its key. The flags are those of
SGLang 0.5.23 (`sglang serve --help`).
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
}
_SHARE: Final = 0.88
# What names files or code on the server, or another server.
_REFUSED: Final = frozenset(
    {
        "chat_template",
        "lora_path",
        "custom_logit_processor",
        "bootstrap_host",
        "bootstrap_port",
        "bootstrap_room",
        "priority",
    }
)


class SglangOptions(Accelerated, frozen=True, kw_only=True, forbid_unknown_fields=True):
    task: Literal["generate", "embedding"] = "generate"
    """What the model is for."""
    gpu_memory: Share | None = None
    """The share of each accelerator's memory for weights and cache; by default as much as its model and its calls
    need, or 0.88 where that is not known."""


class SglangEngine:
    """Chat and completions, or vectors, as the option `task` says."""

    name: Final = "sglang"
    profile: Final = Profile(
        kinds=frozenset[Scope]().union(*_KINDS.values()),
        tools="native",
        vision=True,
        refused=_REFUSED,
        local=frozenset({"adapters"}),
        progress="/metrics",
        progress_lines="sglang:",
        listens="port",
        imports=("sglang",),
        requirements=("sglang==0.5.23",),
        adapters="peft",
    )

    def profile_of(self, options: Mapping[str, Any]) -> Profile:
        chosen = options_from(options, SglangOptions, self.name)
        return chosen.profile(self.profile, _KINDS[chosen.task])

    def footprint(self, load: Load) -> Footprint:
        """SGLang's share (--mem-fraction-static) is for weights and cache; what it computes with comes on top, for
        which its own default leaves 0.12.
        """
        chosen = options_from(load.options, SglangOptions, self.name)
        share = None if chosen.gpu_memory is None else min(1.0, chosen.gpu_memory + 1 - _SHARE)
        return served_footprint(load, chosen, share=share, otherwise=1, graphs=True)

    def within(self, footprint: Footprint, share: float) -> dict[str, float]:
        computed = footprint.working > 0
        static = (footprint.weights + (footprint.cache or 0)) / footprint.total if computed else _SHARE
        return {"gpu_memory": round(share * static, 4)}

    def asks(self, launch: Launch, name: str) -> Mapping[str, Any]:
        """An adapter is named behind its base."""
        return {"model": name if name == launch.model else f"{launch.model}:{name}"}

    def command(self, launch: Launch) -> Command:
        chosen = options_of(launch, SglangOptions)
        told = flags(
            model_path=model_path(launch),
            served_model_name=launch.model,
            host=launch.host,
            port=launch.port,
            context_length=launch.context,
            max_running_requests=launch.parallel,
            tp_size=chosen.tensor_parallel,
            pp_size=chosen.pipeline_parallel,
            mem_fraction_static=chosen.gpu_memory or _SHARE,
            dtype=chosen.precision,
            quantization=chosen.quantization,
            kv_cache_dtype=chosen.kv_cache,
            is_embedding=chosen.task == "embedding",
            disable_radix_cache=not chosen.prefix_caching,
            tool_call_parser=chosen.tool_parser,
            reasoning_parser=chosen.reasoning_parser,
            enable_metrics=True,
            enable_cache_report=True,
            allowed_media_domains=NO_MEDIA_DOMAINS,
            enable_lora=bool(launch.adapters),
            max_lora_rank=chosen.adapter_rank if launch.adapters else None,
            lora_paths=modules(launch),
        )
        env = UNBUFFERED | {"HF_HUB_OFFLINE": "1"} | key_of(launch)
        return leashed(Command(argv=elsewhere(python_of(launch), "sglang.cli.main", "serve", *told), env=env))
