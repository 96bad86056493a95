"""The `transformers` engine: encoders from a folder of Hugging Face's form, for vectors, for ranking, for classes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal

import msgspec

from jixi.compute.drivers import Command
from jixi.core.errors import problem
from jixi.core.principal import Scope
from jixi.models.engines._footprint import MIB, Footprint, Load, layer_values, on_device
from jixi.models.engines._protocol import Launch, Profile
from jixi.models.engines._worker import options_from, options_of, worker_command

_KINDS: Final = {
    "embedding": Scope.EMBEDDINGS,
    "rerank": Scope.RERANK,
    "classification": Scope.CLASSIFY,
}

BATCH: Final = 16
"""Texts that are read at once."""


class TransformersOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    task: Literal["embedding", "rerank", "classification"] = "embedding"
    """What the model is for; a reranker is a cross-encoder."""
    pooling: Literal["mean", "cls", "last"] = "mean"
    """How the vectors of a text's tokens become one."""
    normalize: bool = True
    """Make vectors units."""
    query_prefix: str = ""
    """Stands before a text that is a question (`input_type` "query"), where the model was made with such prefixes."""
    passage_prefix: str = ""
    """Stands before every other text."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the model runs; auto takes an accelerator where there is one."""


class TransformersEngine:
    """Takes safetensors alone and runs no code that comes with a model. One batch at a time."""

    name: Final = "transformers"
    profile: Final = Profile(
        kinds=frozenset(_KINDS.values()),
        progress="/progress",
        imports=("transformers", "torch", "safetensors"),
        requirements=("transformers==5.23.0", "torch==2.13.0", "safetensors==0.8.0", "numpy==2.4.6"),
    )

    def profile_of(self, options: Mapping[str, Any]) -> Profile:
        task = options_from(options, TransformersOptions, self.name).task
        return replace(self.profile, kinds=frozenset({_KINDS[task]}))

    def footprint(self, load: Load) -> Footprint:
        """Weights as they were saved; sixteen texts of the whole context in the widest layer, in 32 bits, with their
        scores of attention for each head; torch and transformers themselves, 400 MiB, or what CUDA takes.
        """
        options, built = options_from(load.options, TransformersOptions, self.name), load.architecture
        texts = (
            0
            if built is None
            else 4 * BATCH * load.context * (layer_values(built) + built.heads * load.context)
        )
        return on_device(options.device, weights=load.weights, working=texts, runtime=400 * MIB)

    def command(self, launch: Launch) -> Command:
        if "model" not in launch.files:
            raise problem("invalid_value", reason=f"{launch.model!r} names no model folder", param="files")
        options_of(launch, TransformersOptions)
        # Nothing is ever fetched by an engine: what it needs is in its folder.
        env = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        return worker_command("jixi.models.engines._transformers_worker", launch, env)
