"""The `diffusers` engine: text to image with pipelines in Hugging Face's form."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from jixi.compute.drivers import Command
from jixi.core.errors import problem
from jixi.core.principal import Scope
from jixi.models.engines._footprint import MIB, Footprint, Load, on_device
from jixi.models.engines._protocol import Launch, Profile
from jixi.models.engines._worker import options_from, options_of, worker_command


class DiffusersOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    steps: Annotated[int, Meta(ge=1)] = 28
    """Steps to an image; distilled models need few."""
    guidance: float | None = None
    """How closely an image follows its text; by default what the pipeline was made with."""
    size: int = 512
    """Width and height of an image whose request names none."""
    most_pixels: Annotated[int, Meta(ge=1)] = 1024 * 1024
    """The largest image, in pixels: its memory grows with it."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the model runs; auto takes an accelerator where there is one."""
    precision: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    """How numbers are kept; auto takes float32 on a processor, bfloat16 on an accelerator."""


class DiffusersEngine:
    """Images. Takes safetensors alone and runs no code that comes with a model. One image at a time."""

    name: Final = "diffusers"
    profile: Final = Profile(
        kinds=frozenset({Scope.IMAGES}),
        progress="/progress",
        imports=("diffusers", "torch", "transformers", "PIL"),
        requirements=(
            "diffusers==0.42.1",
            "torch==2.13.0",
            "transformers==5.23.0",
            "accelerate==1.15.0",
            "safetensors==0.8.0",
            "numpy==2.4.6",
            "pillow==13.0.0",
        ),
    )

    def footprint(self, load: Load) -> Footprint:
        """Weights as they were saved, twice that where a processor computes what has 16 bits in 32; the decoding of the
        largest image, about 3 kB a pixel in 32 bits; torch and diffusers themselves, 600 MiB.
        """
        options = options_from(load.options, DiffusersOptions, self.name)
        weights = load.weights * (2 if options.device == "cpu" else 1)
        return on_device(
            options.device, weights=weights, working=3000 * options.most_pixels, runtime=600 * MIB
        )

    def command(self, launch: Launch) -> Command:
        if "model" not in launch.files:
            raise problem("invalid_value", reason=f"{launch.model!r} names no model folder", param="files")
        options_of(launch, DiffusersOptions)
        env = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        return worker_command("jixi.models.engines._diffusers_worker", launch, env)
