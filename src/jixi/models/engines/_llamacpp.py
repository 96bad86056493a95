"""The `llamacpp` engine: GGUF models on llama.cpp, by its own server, in a process of its own."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from jixi.compute.drivers import Command
from jixi.core.errors import problem
from jixi.core.principal import Scope
from jixi.models.engines._footprint import HALF, MIB, Footprint, Load, layer_values, padded
from jixi.models.engines._protocol import Launch, Profile
from jixi.models.engines._worker import options_from, options_of, worker_command

BATCH: Final = 512
"""Tokens that are read at once. Between batches llama.cpp notices that a caller has gone and says how far it is: small
ones, at no loss on a CPU."""
_RUNTIME: Final = 36 * MIB
_VOCABULARY_WORD: Final = 711

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
    cache_mib: Annotated[int, Meta(ge=0)] = 512
    """Main memory for prompts that have lost their slot, so that a conversation goes on without reading it again.
    None is taken where there are adapters."""


class LlamaCppEngine:
    """Chat and completions. Its models leave `tool_calls` empty, so the gateway emulates tools."""

    name: Final = "llamacpp"
    profile: Final = Profile(
        kinds=frozenset({Scope.CHAT, Scope.COMPLETIONS}),
        tools="emulated",
        refused=_REFUSED,
        progress="/slots",
        counts=True,
        imports=("xllamacpp",),
        adapters="gguf",
    )

    def asks(self, launch: Launch, name: str) -> Mapping[str, Any]:
        """How much of each adapter. Each is named each time, with 0 too: without that llama.cpp takes over what the
        slot has read before under another adapter.
        """
        return {"lora": [{"id": at, "scale": float(each == name)} for at, each in enumerate(launch.adapters)]}

    def command(self, launch: Launch) -> Command:
        if "model" not in launch.files:
            raise problem("invalid_value", reason=f"{launch.model!r} names no GGUF file", param="files")
        options_of(launch, LlamaCppOptions)
        # libgomp's threads spin at a barrier; unbounded, two of them on two busy cores lose most of their speed.
        return worker_command("jixi.models.engines._llamacpp_worker", launch, {"GOMP_SPINCOUNT": "20000"})

    def footprint(self, load: Load) -> Footprint:
        """Main memory: this build of llama.cpp computes on processors.

        - Weights: the file, which is mapped and read whole (src/llama-mmap.cpp), once more the matrices that are laid
          out anew for vector units (ggml-cpu/repack.cpp), and the adapters, which are copied (src/llama-adapter.cpp).
        - Cache: allocated and cleared at the start for the whole context of every slot, in 16 bits, in cells of 256
          tokens; of layers with a window for the window and one batch (src/llama-kv-cache.cpp, -kv-cache-iswa.cpp).
        - Kept: at most `cache_mib` for prompts without a slot (tools/server, --cache-ram), none with adapters.
        - Working: a batch in the widest layer in 32 bits, its mask of the context in 32 and in 16 bits
          (src/llama-graph.cpp), and for each slot what may come next, 16 bytes a word of the vocabulary.
        - Runtime: the interpreter and the libraries, 36 MiB, and 711 bytes a word of the vocabulary: measured, and so
          checked by bench/memory.py.
        """
        options = options_from(load.options, LlamaCppOptions, self.name)
        kept = 0 if load.adapted else options.cache_mib * MIB
        built = load.architecture
        if built is None:
            return Footprint(
                weights=load.weights + load.repacked,
                repacked=load.repacked,
                cache=None,
                kept=kept,
                runtime=_RUNTIME,
            )
        tokens = padded(load.context, 256)
        if built.window is not None:
            window = replace(built.window, tokens=padded(built.window.tokens + BATCH, 256))
            built = replace(built, window=window)
        batch = min(BATCH, load.context)
        working = batch * (4 * layer_values(built) + 6 * tokens) + 16 * built.vocabulary * load.parallel
        return Footprint(
            weights=load.weights + load.repacked,
            repacked=load.repacked,
            cache=built.cache_values(tokens) * HALF * load.parallel,
            kept=kept,
            working=working,
            runtime=_RUNTIME + _VOCABULARY_WORD * built.vocabulary,
        )
