"""The `llamacpp` engine: GGUF models on llama.cpp, by its own server, in a process of its own."""

from typing import Final

import msgspec

from jixi.compute.drivers import Command
from jixi.core.errors import problem
from jixi.core.principal import Scope
from jixi.models.engines._protocol import Launch, Profile
from jixi.models.engines._worker import options_of, worker_command

# What llama.cpp takes beyond OpenAI's fields passes, unless it is here:
# - other names of max_tokens and n, which would pass by the budget;
# - response_fields, which can drop the usage from an answer;
# - what names a slot or an adapter: slots hold other callers' prompts, adapters are chosen by a deployment;
# - chat_template: code for the template engine (chat_template_kwargs are plain values, and switch thinking off);
# - n_keep and n_discard: context shifting, off here; a negative value has written out of bounds (CVE-2026-21869);
# - grammars as text: a native parser that deep nesting can overflow; response_format does what people need them for.
_REFUSED: Final = frozenset(
    {
        "n_predict",
        "n_cmpl",
        "response_fields",
        "id_slot",
        "slot_id",
        "lora",
        "chat_template",
        "n_keep",
        "n_discard",
        "n_cache_reuse",
        "grammar",
        "grammar_lazy",
        "grammar_triggers",
        "preserved_tokens",
        "speculative.n_max",
        "speculative.n_min",
        "speculative.p_min",
    }
)


class LlamaCppOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    batch_threads: int | None = None
    """Threads for reading prompts; all cores by default. `threads` of the deployment is for writing answers."""
    cache_mib: int = 512
    """Main memory for prompts that have lost their slot, so that a conversation goes on without reading it again."""


class LlamaCppEngine:
    """Chat and completions. Its models leave `tool_calls` empty, so the gateway emulates tools."""

    name: Final = "llamacpp"
    profile: Final = Profile(
        kinds=frozenset({Scope.CHAT, Scope.COMPLETIONS}),
        tools="emulated",
        refused=_REFUSED,
        progress="/slots",
    )

    def command(self, launch: Launch) -> Command:
        if "model" not in launch.files:
            raise problem("invalid_value", reason=f"{launch.model!r} names no GGUF file", param="files")
        options_of(launch, LlamaCppOptions)
        # libgomp's threads spin at a barrier; unbounded, two of them on two busy cores lose most of their speed.
        return worker_command("jixi.models.engines._llamacpp_worker", launch, {"GOMP_SPINCOUNT": "20000"})
