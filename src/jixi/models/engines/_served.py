"""What vLLM and SGLang take of accelerators. Both are told which part of each one's memory is theirs, and fill it."""

from typing import Final

from jixi.models.catalog import Architecture
from jixi.models.engines._flags import Accelerated
from jixi.models.engines._footprint import HALF, MIB, Footprint, Load, layer_values, padded

_CALL: Final = 4096
_BATCH: Final = 8192
_CONTEXT: Final = 620 * MIB
_GRAPHS: Final = 700 * MIB
_BLOCK: Final = 16


def served_footprint(
    load: Load, chosen: Accelerated, *, share: float | None, otherwise: float, graphs: bool
) -> Footprint:
    """Of all its accelerators together. `share` is what the deployment asks for; `otherwise` what it gets where nothing
    can be computed, because the model's architecture is not known.

    - Weights: the files, split over the accelerators.
    - Cache: in blocks of 16 tokens, in the option `kv_cache` or 16 bits. Both servers page it and let calls wait when
      it is full, so that it need not hold every call at full length: it is computed for one whole context, or for
      `parallel` calls of 4,096 tokens where that is more. With tensor parallelism, heads that are fewer than
      accelerators are repeated, and latent attention is repeated on each (vllm/config: get_num_kv_heads).
    - Working: the largest batch that is read at once, 8,192 tokens (vllm/engine/arg_utils.py,
      max_num_batched_tokens on large accelerators), in the widest layer in 16 bits, and one row of logits in 32 bits
      with its copy for each call.
    - Runtime: what CUDA takes on each accelerator, 620 MiB (measured on an H100), and 700 MiB for recorded graphs: what
      the servers' own logs show for models up to 8 B ("Graph capturing finished"). In all, 1.5 % less than vLLM 0.24
      held on an H100 (docs/reference/planner-checks.md).
    """
    width = 1 if (chosen.kv_cache or "").startswith("fp8") else HALF
    count, tensor = chosen.tensor_parallel * chosen.pipeline_parallel, chosen.tensor_parallel
    built = load.architecture
    if built is None:
        return Footprint(weights=load.weights, accelerators=count, cache=None, share=share or otherwise)
    tokens = padded(max(load.context, load.parallel * min(load.context, _CALL)), _BLOCK)
    batch = max(_BATCH, load.context) * HALF * layer_values(built)
    logits = 2 * 4 * built.vocabulary * load.parallel
    return Footprint(
        weights=load.weights,
        cache=built.cache_values(tokens) * width * _repeated(built, tensor),
        working=batch * chosen.pipeline_parallel + logits * count,
        runtime=(_CONTEXT + (_GRAPHS if graphs else 0)) * count,
        accelerators=count,
        share=share or 0,
    )


def _repeated(built: Architecture, tensor: int) -> int:
    """On how many accelerators each key and value lies."""
    return tensor if built.latent is not None else max(1, tensor // built.kv_heads)
