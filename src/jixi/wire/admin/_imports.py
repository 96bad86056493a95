"""Bringing a version of one's own model from outside."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from jixi.wire.admin._base import Request
from jixi.wire.admin._store import Engine, Id, Notes, Precision

_WORD = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_Repository = Annotated[
    str,
    StringConstraints(
        strict=True, max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$"
    ),
]
_Revision = Annotated[str, StringConstraints(strict=True, max_length=120, pattern=_WORD)]
_Pattern = Annotated[
    str,
    StringConstraints(strict=True, max_length=300, pattern=r"^[A-Za-z0-9*?\[\]!._-][A-Za-z0-9*?\[\]!._/-]*$"),
]
_Address = Annotated[str, StringConstraints(strict=True, max_length=4000, pattern=r"^https?://[!-~]+$")]
_Bucket = Annotated[str, StringConstraints(strict=True, max_length=63, pattern=r"^[a-z0-9][a-z0-9.-]*$")]
_Key = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1000, pattern=r"^[ -~]*$")]


class HubOrigin(Request):
    """A repository of a hub. `include` holds patterns of the files to take; one without a slash is for the top."""

    kind: Literal["huggingface", "modelscope"]
    repo: _Repository = Field(examples=["Qwen/Qwen3-8B-GGUF"])
    revision: _Revision | None = Field(
        default=None, description="A branch, a tag or a commit; by default the hub's main one."
    )
    include: list[_Pattern] = Field(default=[], max_length=50, examples=[["*Q4_K_M*.gguf"]])


class AddressOrigin(Request):
    """One file at an address."""

    kind: Literal["url"]
    url: _Address = Field(examples=["https://models.example.com/claims-q4_k_m.gguf"])


class BucketOrigin(Request):
    """Files of a bucket that speaks S3. A `key` that ends in a slash is the beginning of several."""

    kind: Literal["s3"]
    bucket: _Bucket = Field(examples=["models"])
    key: _Key = Field(examples=["claims/"])
    endpoint: _Address | None = Field(default=None, description="Where it is not Amazon's.")


class ModelImportRequest(Request):
    """A version whose files are brought by a job. What is left out, the files say.

    `base_id` is what it was tuned from, a version or a model of the catalogue; an adapter has one.
    """

    source: Annotated[HubOrigin | AddressOrigin | BucketOrigin, Field(discriminator="kind")]
    format: Literal["gguf", "safetensors"] | None = Field(
        default=None, description="Needed where the source has weights in both."
    )
    precision: Precision | None = Field(default=None, examples=["Q4_K_M"])
    engines: list[Engine] | None = Field(default=None, min_length=1, max_length=8)
    base_id: Id | None = None
    notes: Notes = ""
