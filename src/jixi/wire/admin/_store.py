"""The model store: what a model is, side by side with others, and models of one's own in versions."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from jixi.wire.admin._base import Count, Listing, Name, Request, Response, whole
from jixi.wire.admin._models import HereState, Model

Task = Literal[
    "chat", "code", "reasoning", "vision", "embedding", "rerank", "transcription", "speech", "image"
]
Level = Literal["L0", "L1", "L2"]
LicenceClass = Literal["research", "commercial"]
Format = Literal["gguf", "safetensors", "ctranslate2", "onnx", "package"]
Engine = Literal["llamacpp", "vllm", "sglang", "transformers", "embedding", "whisper", "kokoro", "diffusers"]
Precision = Literal[
    "F32",
    "BF16",
    "F16",
    "FP8",
    "INT8",
    "INT4",
    "MXFP4",
    "NVFP4",
    "AWQ-INT4",
    "GPTQ-INT4",
    "GPTQ-INT8",
    "Q8_0",
    "Q6_K",
    "Q5_K_M",
    "Q5_K_S",
    "Q5_1",
    "Q5_0",
    "Q4_K_M",
    "Q4_K_S",
    "Q4_1",
    "Q4_0",
    "IQ4_NL",
    "IQ4_XS",
    "Q3_K_L",
    "Q3_K_M",
    "Q3_K_S",
    "IQ3_M",
    "IQ3_S",
    "IQ3_XS",
    "IQ3_XXS",
    "Q2_K",
    "Q2_K_S",
    "IQ2_M",
    "IQ2_S",
    "IQ2_XS",
    "IQ2_XXS",
    "IQ1_M",
    "IQ1_S",
]
Stage = Literal["candidate", "released", "retired"]
Making = Literal["imported", "tuned", "compressed"]
Id = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$")]
_Language = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")]
# Paragraphs, and no control characters but the ends of lines.
_TEXT = r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$"
_Card = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=4000, pattern=_TEXT)]
Notes = Annotated[str, StringConstraints(strict=True, max_length=4000, pattern=_TEXT)]
_Tokens = Annotated[int, Field(strict=True, ge=1, le=100_000_000), BeforeValidator(whole)]
_Bytes = Annotated[int, Field(strict=True, ge=1, le=2**50), BeforeValidator(whole)]
_Weights = Annotated[int, Field(strict=True, ge=1, le=10**15), BeforeValidator(whole)]
_File = Annotated[
    str,
    StringConstraints(
        strict=True, max_length=300, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$"
    ),
]
_Role = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,299}$")]
_Digest = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{64}$")]


class ModelSource(Response):
    """Where a variant's files may come from. `where` is a repository, an address, a folder or a package."""

    kind: str = Field(examples=["modelscope"])
    where: str = Field(examples=["Qwen/Qwen3-8B"])
    revision: str | None


class ModelVariantFile(Response):
    role: str = Field(examples=["model"])
    name: str
    bytes: int | None
    sha256: str | None = Field(description="Null where no digest is known before the download.")


class ModelVariant(Response):
    """Weights in one format and precision. The first of a model is its default."""

    id: str = Field(examples=["q4-k-m"])
    format: Format
    precision: str = Field(examples=["Q4_K_M"])
    engines: list[Engine] = Field(description="In the order of preference.")
    size_bytes: int | None
    size_estimated: bool
    state: HereState
    downloaded_bytes: int
    files: list[ModelVariantFile] = Field(description="Empty where the source says which there are.")
    sources: list[ModelSource]


class ModelLicence(Response):
    id: str = Field(examples=["Apache-2.0"])
    name: str
    license_class: LicenceClass
    conditions: str | None
    url: str | None
    text: str | None = Field(description="The whole text, where it may be shipped.")


class ModelProvider(Response):
    """Where the model is called as a service: add a provider of this vendor with this model."""

    vendor: str = Field(examples=["dashscope"])
    model: str = Field(examples=["qwen3-max"])
    base_url: str | None


class ModelDetail(Model):
    """All that is known of a model. `lineage` goes from its base back to the first; `descendants` came from it."""

    card: str
    license_details: ModelLicence
    architecture: dict[str, Any] | None = Field(
        description="Layers, heads and sizes, for the memory of contexts; null where it is not known."
    )
    cache_bytes: int | None = Field(description="Memory in BF16 for one context of 8,192 tokens.")
    variants: list[ModelVariant]
    provider: ModelProvider | None
    lineage: list[str]
    descendants: list[str]
    facts_from: str | None
    unconfirmed: list[str] = Field(description="Facts that could not be confirmed and are left out.")
    default_version_id: str | None
    created_at: datetime | None
    version: int | None = Field(description="Of one's own model, counts changes; goes into If-Match.")


class ModelFact(Response):
    """One row of a comparison, with a value for each model."""

    fact: str = Field(examples=["context"])
    label: str
    values: list[str | int | list[str] | None]
    same: bool


class ModelComparison(Response):
    ids: list[str]
    names: list[str]
    facts: list[ModelFact]


class ModelTexts(Request):
    """A text in both languages."""

    en: _Card
    zh: _Card


class ModelParameters(Request):
    total: _Weights
    active: _Weights | None = None


class ModelRequest(Request):
    """A model of one's own. `shared` ones are the house's, seen by every organisation."""

    name: Name
    publisher: Name
    family: Name
    tasks: list[Task] = Field(min_length=1, max_length=9)
    languages: list[_Language] = Field(min_length=1, max_length=200)
    license: Id = Field(examples=["Apache-2.0"])
    description: ModelTexts
    card: ModelTexts
    level: Level = "L2"
    context: _Tokens | None = None
    parameters: ModelParameters | None = None
    shared: bool = Field(default=False, strict=True)


class ModelChange(Request):
    """What is sent is changed. `default_version_id` is a released version."""

    name: Name | None = None
    publisher: Name | None = None
    family: Name | None = None
    tasks: list[Task] | None = Field(default=None, min_length=1, max_length=9)
    languages: list[_Language] | None = Field(default=None, min_length=1, max_length=200)
    license: Id | None = None
    description: ModelTexts | None = None
    card: ModelTexts | None = None
    level: Level | None = None
    context: _Tokens | None = None
    parameters: ModelParameters | None = None
    default_version_id: Id | None = None


class ModelVersionFile(Request):
    """A file by its digest."""

    role: _Role = Field(default="model", examples=["model"])
    name: _File = Field(examples=["claims-q4_k_m.gguf"])
    bytes: _Bytes
    sha256: _Digest


class ModelVersionRequest(Request):
    """A candidate. `base_id` is a version or a model of the catalogue; tuned and compressed ones have one."""

    making: Making
    format: Format
    precision: Precision = Field(examples=["Q4_K_M"])
    engines: list[Engine] = Field(min_length=1, max_length=8)
    files: list[ModelVersionFile] = Field(min_length=1, max_length=1000)
    base_id: Id | None = None
    notes: Notes = ""


class ModelVersionChange(Request):
    """`base_id` may change while it is a candidate."""

    stage: Stage | None = None
    base_id: Id | None = None
    notes: Notes | None = None


class ModelVersion(Response):
    """A version and its stage: candidate, released, retired, in this order and never back."""

    id: str = Field(examples=["ver_01k9h3v5c7q2m4n6p8r0t1w3y5"])
    model_id: str
    number: Count
    stage: Stage
    is_default: bool
    making: Making
    base_id: str | None
    lineage: list[str]
    license_class: LicenceClass = Field(description="The strictest of the model's licence and its lineage's.")
    format: Format
    precision: str
    engines: list[Engine]
    files: list[ModelVariantFile]
    source: ModelSource | None = Field(description="Where a job has brought the files from.")
    notes: str
    member_id: str
    created_at: datetime
    version: int


class ModelVersionList(Listing):
    items: list[ModelVersion]
