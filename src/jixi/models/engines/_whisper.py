"""The `whisper` engine: speech to text with Whisper models in CTranslate2's form, on faster-whisper."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from jixi.compute.drivers import Command
from jixi.core.errors import problem
from jixi.core.principal import Scope
from jixi.models.engines._footprint import MIB, Footprint, Load, on_device
from jixi.models.engines._protocol import Launch, Profile
from jixi.models.engines._worker import options_from, options_of, worker_command


class WhisperOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the model runs; auto takes an accelerator where there is one."""
    precision: Literal["auto", "int8", "float16", "float32"] = "auto"
    """How numbers are kept; auto takes int8 on a processor, float16 on an accelerator."""
    beam: Annotated[int, Meta(ge=1)] = 5
    """How many readings are followed at once."""
    silence: bool = True
    """Leave out what no one speaks in before the model hears it, which keeps it from making words up."""
    simplified: bool = True
    """Write Chinese in simplified characters, where a request has no `prompt` of its own."""
    longest_s: Annotated[int, Meta(ge=1)] = 1800
    """The longest sound that is taken, in seconds: all of it is held in memory, with what the model hears of it."""


class WhisperEngine:
    """Transcriptions, with times of segments and words. One file at a time."""

    name: Final = "whisper"
    profile: Final = Profile(
        kinds=frozenset({Scope.TRANSCRIPTIONS}),
        progress="/progress",
        imports=("faster_whisper", "av"),
        requirements=("faster-whisper==1.2.1",),
    )

    def footprint(self, load: Load) -> Footprint:
        """Weights as they were saved; the sound at 16,000 samples a second in 32 bits and what the model hears of it,
        128 numbers each hundredth; 300 MiB for the program and half a minute's search.
        """
        options = options_from(load.options, WhisperOptions, self.name)
        heard = options.longest_s * 4 * (16_000 + 100 * 128)
        return on_device(options.device, weights=load.weights, working=heard, runtime=300 * MIB)

    def command(self, launch: Launch) -> Command:
        if "model" not in launch.files:
            raise problem("invalid_value", reason=f"{launch.model!r} names no model folder", param="files")
        options_of(launch, WhisperOptions)
        return worker_command("jixi.models.engines._whisper_worker", launch, {"HF_HUB_OFFLINE": "1"})
