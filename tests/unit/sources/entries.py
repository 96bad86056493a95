"""Entries of the catalogue for tests, and what is looked at in a store."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest

from jixi.core.errors import JixiError
from jixi.models.catalog import Entry, ModelFile, Texts, Variant, origin_from
from jixi.models.sources import ModelStore
from tests.unit.sources.hub import CONTENT, NAME, digest_of

Origins = Mapping[str, str | list[str]]
HUGGINGFACE: Origins = {"kind": "huggingface", "repo": "org/tiny", "revision": "main"}
MODELSCOPE: Origins = {"kind": "modelscope", "repo": "org/tiny", "revision": "master"}


def entry_of(
    *sources: Origins,
    content: bytes = CONTENT,
    name: str = "tiny",
    files: list[ModelFile] | None = None,
    form: Literal["gguf", "safetensors"] | None = None,
) -> Entry:
    """A model of one file whose digest is pinned, unless `files` says otherwise: [] leaves them to the source."""
    pinned = [ModelFile("model", NAME, len(content), digest_of(content))]
    variant = Variant(
        "q8-0",
        form or ("safetensors" if files == [] else "gguf"),
        "Q8_0",
        ["llamacpp"],
        files=pinned if files is None else files,
        sources=[origin_from(source) for source in sources],
    )
    return entry_with(variant, name)


def entry_with(variant: Variant, name: str = "tiny") -> Entry:
    return Entry(
        id=name,
        name=name,
        family="T",
        publisher="T",
        tasks=["chat"],
        languages=["en"],
        context=16,
        facts_from="https://example.org",
        licence="MIT",
        description=Texts("t", "t"),
        card=Texts("t", "t"),
        variants=[variant],
    )


async def refusal(store: ModelStore, entry: Entry) -> JixiError:
    with pytest.raises(JixiError) as raised:
        await store.fetch(entry)
    return raised.value


def published(root: Path) -> list[str]:
    """The names that anybody could take for a model's file."""
    return [
        path.name
        for path in root.rglob("*")
        if path.is_file() and ".parts" not in path.parts and ".locks" not in path.parts
    ]


def parts(root: Path) -> list[Path]:
    return list(root.rglob("*.part"))


def journalled(part: Path) -> int:
    """How many bytes a part holds, as its journal tells."""
    raw = part.with_name(part.name + ".journal").read_bytes().partition(b"\n")[2]
    spans = io.BytesIO(raw)
    found = 0
    while span := spans.read(16):
        found += int.from_bytes(span[8:], "little") - int.from_bytes(span[:8], "little")
    return found


def read(files: Mapping[str, Path], role: str = "model") -> bytes:
    return files[role].read_bytes()


def told(error: JixiError) -> Any:
    return error.message()
