"""A variant of a model: its weights in one format and one precision, and where they come from."""

from typing import Annotated, Final, Literal, get_args

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from jixi.models.catalog._origins import FileName, Origin

Format = Literal["gguf", "safetensors", "ctranslate2", "onnx", "package"]
EngineName = Literal[
    "llamacpp", "vllm", "sglang", "transformers", "embedding", "whisper", "kokoro", "diffusers"
]
ENGINES: Final[tuple[str, ...]] = get_args(EngineName)

BITS: Final[dict[str, float]] = {
    "F32": 32,
    "BF16": 16,
    "F16": 16,
    "FP8": 8,
    "INT8": 8,
    "INT4": 4.5,
    "MXFP4": 4.25,
    "NVFP4": 4.5,
    "AWQ-INT4": 4.25,
    "GPTQ-INT4": 4.25,
    "GPTQ-INT8": 8.25,
    "Q8_0": 8.5,
    "Q6_K": 6.56,
    "Q5_K_M": 5.7,
    "Q5_K_S": 5.57,
    "Q5_1": 6,
    "Q5_0": 5.5,
    "Q4_K_M": 4.85,
    "Q4_K_S": 4.67,
    "Q4_1": 5,
    "Q4_0": 4.5,
    "IQ4_NL": 4.68,
    "IQ4_XS": 4.46,
    "Q3_K_L": 4.3,
    "Q3_K_M": 4,
    "Q3_K_S": 3.64,
    "IQ3_M": 3.76,
    "IQ3_S": 3.66,
    "IQ3_XS": 3.5,
    "IQ3_XXS": 3.25,
    "Q2_K": 3.16,
    "Q2_K_S": 2.97,
    "IQ2_M": 2.93,
    "IQ2_S": 2.74,
    "IQ2_XS": 2.59,
    "IQ2_XXS": 2.38,
    "IQ1_M": 2.15,
    "IQ1_S": 2,
}
"""Bits that a weight takes on average, the scales of its block included."""


class ModelFile(Struct, frozen=True, forbid_unknown_fields=True):
    """One file. `role` is what the engine knows it by ("model"). Its digest decides, where one is known."""

    role: str
    name: FileName
    bytes: Annotated[int, Meta(gt=0)] | None = None
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")] | None = None


class Variant(Struct, frozen=True, forbid_unknown_fields=True):
    """Weights of a model. `engines` stand in the order of preference; `sources` in the order to try.

    `bytes` is exact, or None where nobody knows. No `files` means that the sources say which there are, or that the
    weights come with an installed package (format "package").
    """

    id: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,59}$")]
    format: Format
    precision: str
    engines: Annotated[list[EngineName], Meta(min_length=1)]
    files: list[ModelFile] = []
    sources: list[Origin] = []
    bytes: Annotated[int, Meta(gt=0)] | None = None

    def __post_init__(self) -> None:
        if self.precision not in BITS:
            raise ValueError(f"{self.precision} is no precision that is known here")
        sizes = [file.bytes for file in self.files if file.bytes is not None]
        if self.bytes is None and sizes and len(sizes) == len(self.files):
            force_setattr(self, "bytes", sum(sizes))

    @property
    def packaged(self) -> bool:
        """Whether the weights come with an installed package: nothing is to be fetched."""
        return self.format == "package"
