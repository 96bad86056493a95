"""Files of one's own, be they a LoRA adapter: named by their digests in the register, and copied into the store."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from jixi.cli._say import Terminal

if TYPE_CHECKING:
    from jixi.client import Client
    from jixi.models.catalog import ModelFile
    from jixi.models.sources import ModelStore, Progress


class OwnFiles(NamedTuple):
    """What is brought, and of which model it is to be a version: one that was tuned from `base`, where there is one."""

    path: Path
    model: str
    base: str | None
    precision: str


async def import_own(
    terminal: Terminal, own: OwnFiles, store: "ModelStore", report: "Callable[[Progress], None]"
) -> str:
    """Judge the files, make the version and copy them; its id. Doing it again goes on where it stopped."""
    from jixi.cli._login import connect
    from jixi.models.sources import own_files

    files = await own_files(own.model, own.path)
    with connect(terminal) as client:
        version = _version_of(client, own, files)
    await store.take_own(own.model, version, own.path, files, report)
    return version


def _version_of(client: "Client", own: OwnFiles, files: "Sequence[ModelFile]") -> str:
    """The version that has these files under these names: a new one, or that of an earlier try."""
    from pydantic import ValidationError

    from jixi.wire.admin import ModelVersionRequest

    named = {(file.name, file.sha256) for file in files}
    for each in client.model_versions(own.model):
        same = each.base_id == own.base and {(file.name, file.sha256) for file in each.files} == named
        if same and each.stage != "retired":
            return each.id
    try:
        asked = ModelVersionRequest.model_validate(_said(own, files))
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise typer.BadParameter(f"{where}: {error.errors()[0]['msg']}") from error
    return client.create_model_version(own.model, asked).id


def _said(own: OwnFiles, files: "Sequence[ModelFile]") -> dict[str, Any]:
    from jixi.models.imports import engines_of

    form = "gguf" if any(file.name.lower().endswith(".gguf") for file in files) else "safetensors"
    return {
        "making": "imported" if own.base is None else "tuned",
        "base_id": own.base,
        "format": form,
        "precision": own.precision,
        "engines": engines_of(form),
        "files": [{name: getattr(file, name) for name in file.__struct_fields__} for file in files],
    }
