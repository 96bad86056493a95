"""What is asked of an import."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from jixi.models.catalog import EngineName, Format, Origin, origin_from

_ENGINES: Final[dict[Format, list[EngineName]]] = {
    "gguf": ["llamacpp"],
    "safetensors": ["vllm", "sglang", "transformers"],
}


class ImportDraft(Struct, frozen=True, kw_only=True):
    """What people say: `origin` is a table as the catalogue has them. What is None the files say.

    `keeps_house`: asked by a keeper of the house, who alone changes its models.
    """

    origin: dict[str, Any]
    format: Format | None = None
    precision: str | None = None
    engines: list[EngineName] | None = None
    base_id: str | None = None
    notes: str = ""
    keeps_house: bool = False


class Import(Struct, frozen=True, kw_only=True):
    """An import that has not ended, with the id that the version is to have."""

    version_id: str
    model_id: str
    tenant_id: str
    member_id: str
    created_at: datetime
    draft: ImportDraft

    @property
    def subject(self) -> str:
        """What its job is about."""
        return f"{self.model_id}:{self.version_id}"

    @property
    def origin(self) -> Origin:
        return origin_from(self.draft.origin)

    @property
    def sources(self) -> Sequence[Origin]:
        return [self.origin]

    @property
    def format(self) -> str | None:
        return self.draft.format


def engines_of(form: Format) -> list[EngineName]:
    """What runs files of that form, in the order of preference, where nobody says otherwise."""
    return list(_ENGINES[form])
