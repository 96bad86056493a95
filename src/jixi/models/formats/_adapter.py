"""LoRA adapters, held against the base that they are to be served with: another one's would give nonsense, or crash."""

import re
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from jixi.models.formats._check import check_file
from jixi.models.formats._gguf import GgufHeader, read_gguf
from jixi.models.formats._refusal import FormatError
from jixi.models.formats._safetensors import read_safetensors

Shape = tuple[int, ...]
_CONFIG: Final = "adapter_config.json"
_WEIGHTS: Final = "adapter_model.safetensors"
_GGUF_PAIR: Final = re.compile(r"(?P<base>.+\.weight)\.lora_(?P<side>[ab])")
_PEFT_PAIR: Final = re.compile(r"base_model\.model\.(?P<base>.+)\.lora_(?P<side>[AB])\.weight")
# llama.cpp keeps the words of a vocabulary as rows, so its adapter stands the other way round.
_WORDS: Final = "token_embd.weight"


class _Config(Struct):
    """What an adapter of PEFT's form says of itself, as far as it matters here."""

    peft_type: str
    use_dora: bool = False
    bias: str = "none"
    modules_to_save: list[str] | None = None


def adapter_form(path: Path) -> Literal["gguf", "peft"]:
    """What kind of adapter it is, by its name alone: a GGUF file, or a folder of PEFT's form."""
    return "gguf" if path.suffix.lower() == ".gguf" else "peft"


def check_adapter(path: Path, base: Path) -> None:
    """Judge the adapter at `path`, which is to be served with the model `base`: a GGUF file, or a folder or a file in
    it. Reads headers alone. Raises FormatError.
    """
    if adapter_form(path) == "gguf":
        _check_gguf(path, base)
    else:
        _check_peft(path, base)


def _check_gguf(path: Path, base: Path) -> None:
    if not path.is_file():
        raise FormatError("there is no such file")
    check_file(path, path.name)
    adapter, model = read_gguf(path), read_gguf(base)
    said = adapter.metadata
    if (said.get("general.type"), said.get("adapter.type")) != ("adapter", "lora"):
        raise FormatError("it is a model or something else, and no LoRA adapter")
    kinds = [_architecture(each) for each in (adapter, model)]
    if kinds[0] != kinds[1]:
        raise FormatError(f"it is for another model: of the kind {kinds[0]!r}, the base is {kinds[1]!r}")
    for name, (first, second) in _pairs(adapter.shapes, _GGUF_PAIR, "ab").items():
        shape = model.shapes.get(name)
        if shape is None:
            raise FormatError(f"it is for another model: the base has no {name!r}")
        if len(first) != 2 or len(second) != 2 or len(shape) != 2:
            raise FormatError(f"it changes {name!r}, which is no matrix")
        outer, inner = ((first[0], second[1]), first[1])
        if name == _WORDS:
            outer, inner = ((second[1], first[1]), first[0])
        _check_shapes(name, fits=shape == outer, inner=(inner, second[0]))


def _architecture(header: GgufHeader) -> str:
    return str(header.metadata.get("general.architecture", ""))[:80]


def _check_peft(path: Path, base: Path) -> None:
    if not (path / _CONFIG).is_file() or not (path / _WEIGHTS).is_file():
        raise FormatError(f"it is no GGUF file, and no folder with {_CONFIG} and {_WEIGHTS}")
    # Hidden files are the store's own; no engine reads them.
    for file in sorted(each for each in path.iterdir() if each.is_file() and not each.name.startswith(".")):
        try:
            check_file(file, file.name)
        except FormatError as error:
            raise FormatError(f"{file.name[:80]}: {error}") from error
    config = _config(path / _CONFIG)
    if config.peft_type != "LORA" or config.use_dora:
        raise FormatError("it is no LoRA adapter: other kinds, DoRA among them, are not served")
    if config.bias != "none" or config.modules_to_save:
        raise FormatError("it replaces parts of the base, which an adapter beside others cannot")
    shapes = _base_shapes(base)
    for name, (first, second) in _pairs(read_safetensors(path / _WEIGHTS), _PEFT_PAIR, "AB").items():
        whole = shapes.get(f"{name}.weight")
        if whole is None and not any(each.startswith(f"{name}.") for each in shapes):
            raise FormatError(f"it is for another model: the base has no {name!r}")
        if len(first) != 2 or len(second) != 2:
            raise FormatError(f"its part for {name!r} is no pair of matrices")
        # Packed weights have other shapes than the matrices that they stand for.
        fits = whole is None or len(whole) != 2 or whole == (second[0], first[1])
        _check_shapes(name, fits=fits, inner=(first[0], second[1]))


def _config(path: Path) -> _Config:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Config)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise FormatError(f"{_CONFIG} cannot be read: {str(error)[:120]}") from error


def _base_shapes(base: Path) -> dict[str, Shape]:
    folder = base if base.is_dir() else base.parent
    shapes: dict[str, Shape] = {}
    for file in sorted(folder.glob("*.safetensors")):
        shapes |= read_safetensors(file)
    return shapes


def _pairs(shapes: dict[str, Shape], form: re.Pattern[str], sides: str) -> dict[str, tuple[Shape, Shape]]:
    """The two matrices for each tensor of the base."""
    halves: dict[str, dict[str, Shape]] = {}
    for name, shape in shapes.items():
        if (found := form.fullmatch(name)) is None:
            raise FormatError(f"its tensor {name[:120]!r} is no part of a LoRA adapter")
        halves.setdefault(found["base"], {})[found["side"]] = shape
    if not halves:
        raise FormatError("it is empty")
    first, second = sides
    for name, found_halves in halves.items():
        if len(found_halves) != 2:
            raise FormatError(f"it has one half alone for {name[:120]!r}")
    return {name: (each[first], each[second]) for name, each in halves.items()}


def _check_shapes(name: str, *, fits: bool, inner: tuple[int, int]) -> None:
    if not fits:
        raise FormatError(f"it is for another model: its shape for {name[:120]!r} is not that of the base")
    if inner[0] != inner[1]:
        raise FormatError(f"its two matrices for {name[:120]!r} do not fit together")
