"""Where the bytes of a variant may come from. A source gives bytes; the digest decides."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Protocol, runtime_checkable

import msgspec
from msgspec import Meta, Struct

FileName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$")]


@runtime_checkable
class Origin(Protocol):
    """One place; `kind` tells which of the classes of this file it is."""

    @property
    def kind(self) -> str: ...
    @property
    def where(self) -> str:
        """The place for people: a repository, an address, a folder, packages."""
        ...


class HubSource(Struct, frozen=True, forbid_unknown_fields=True):
    """A repository on a hub. `include` holds the patterns of what to take where the variant does not list its files.

    To an `anonymous` one no token of the settings goes: it is asked for on behalf of somebody who does not own them.
    """

    kind: Annotated[str, Meta(pattern=r"^(modelscope|huggingface)$")]
    repo: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$")]
    revision: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    include: list[str] = []
    anonymous: bool = False

    @property
    def where(self) -> str:
        return self.repo


class UrlSource(Struct, frozen=True, forbid_unknown_fields=True):
    """One file at an address."""

    kind: str
    url: Annotated[str, Meta(pattern=r"^https?://[^\s]+$")]

    @property
    def where(self) -> str:
        return self.url


class FolderSource(Struct, frozen=True, forbid_unknown_fields=True):
    """A folder of this machine, or one that is mounted on it."""

    kind: str
    path: str

    @property
    def where(self) -> str:
        return self.path


class S3Source(Struct, frozen=True, forbid_unknown_fields=True):
    """Files under a key of an S3 bucket; `endpoint` where it is not Amazon's."""

    kind: str
    bucket: str
    key: str
    endpoint: str | None = None

    @property
    def where(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class PackageSource(Struct, frozen=True, forbid_unknown_fields=True):
    """An installed Python package that holds the file. It is found by its metadata and never imported."""

    kind: str
    package: str
    version: str
    member: str

    @property
    def where(self) -> str:
        return f"{self.package}=={self.version}"


class CarrierSource(Struct, frozen=True, forbid_unknown_fields=True):
    """Python packages that carry the file, one part each and in this order; read as data, never installed.

    They belong to third parties and may vanish, so they come last.
    """

    kind: str
    packages: Annotated[list[str], Meta(min_length=1)]
    member: str

    @property
    def where(self) -> str:
        return ", ".join(self.packages)


_KINDS: Final[dict[str, type[Origin]]] = {
    "modelscope": HubSource,
    "huggingface": HubSource,
    "url": UrlSource,
    "folder": FolderSource,
    "s3": S3Source,
    "package": PackageSource,
    "carrier": CarrierSource,
}


def origin_from(source: Mapping[str, Any]) -> Origin:
    """The origin that a table describes; its `kind` says which. Raises `msgspec.ValidationError`."""
    kind = _KINDS.get(source.get("kind", ""))
    if kind is None:
        raise msgspec.ValidationError(f"a source is one of {', '.join(_KINDS)}")
    return msgspec.convert(dict(source), kind)
