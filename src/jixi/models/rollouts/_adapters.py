"""LoRA adapters of a deployment: versions of models of one's own that were tuned from what it runs."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from jixi.core.errors import problem
from jixi.models.catalog import Entry, Variant
from jixi.models.registry import ModelVersion, Shelf

_PEFT: Final = frozenset({"adapter_config.json", "adapter_model.safetensors"})


class Adapter(NamedTuple):
    """A model of one's own, and the version of it whose files are the adapter."""

    entry: Entry
    variant: Variant

    @property
    def is_gguf(self) -> bool:
        """Whether it is a GGUF file; else it is a folder of PEFT's form."""
        return self.variant.format == "gguf"


def adapters_of(
    wanted: Mapping[str, str], entry: Entry, variant: Variant, shelf: Shelf
) -> dict[str, Adapter]:
    """The adapters for a variant of a model. Raises `not_found`, `adapter_unfit`."""
    bases = shelf.bases(entry, variant)
    found: dict[str, Adapter] = {}
    for name, version_id in wanted.items():
        made = shelf.version(version_id)
        if made.base_id not in bases or not _is_adapter(made):
            raise problem(
                "adapter_unfit", version=version_id, model=entry.id, base=bases[0], param="adapters"
            )
        own = shelf.get(made.model_id)
        found[name] = Adapter(own, own.variant(version_id))
    return found


def _is_adapter(made: ModelVersion) -> bool:
    """As far as the register says it; what the files say is judged before an engine sees them."""
    if made.making != "tuned" or made.stage == "retired":
        return False
    if made.format == "gguf":
        return [(file.role, file.name.endswith(".gguf")) for file in made.files] == [("model", True)]
    return made.format == "safetensors" and {file.name for file in made.files} >= _PEFT
