"""How large the weights are in the files that an engine is given, and what of them may be held twice."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from jixi.models.catalog import Architecture
from jixi.models.formats import FormatError, read_gguf

_WEIGHTS: Final = frozenset({".gguf", ".safetensors", ".bin", ".onnx"})

# Q4_0, Q4_K and IQ4_NL by ggml's numbers (ggml-cpu/repack.cpp), but for the table of words, which is looked up.
_LAID_OUT_ANEW: Final = frozenset({2, 12, 20})
_LOOKED_UP: Final = "token_embd.weight"
# Of files that are not here, at the most: the rest are Q6_K and the table.
_SHARES: Final[Mapping[str, float]] = {"Q4_K_M": 0.7, "Q4_K_S": 0.95, "Q4_0": 0.95}
_BLOCK: Final = 256


def weights_of(files: Mapping[str, Path]) -> int:
    """Bytes of the weights among them, or in the folders among them where no file is named."""
    named = {path.resolve() for path in files.values() if path.is_file()}
    found = _sizes(named) or sum(_sizes(folder.rglob("*")) for folder in files.values() if folder.is_dir())
    return found or sum(path.stat().st_size for path in named)


def _sizes(paths: Iterable[Path]) -> int:
    return sum(path.stat().st_size for path in paths if path.suffix.lower() in _WEIGHTS and path.is_file())


def repacked_of(files: Mapping[str, Path]) -> int:
    """Bytes of the matrices that llama.cpp lays out anew for a processor's vector units, and holds in both forms."""
    found = 0
    for path in files.values():
        if path.suffix.lower() == ".gguf" and path.is_file():
            try:
                kinds = read_gguf(path).kinds
            except (OSError, FormatError):
                continue
            found += sum(
                size for name, (kind, size) in kinds.items() if kind in _LAID_OUT_ANEW and name != _LOOKED_UP
            )
    return found


def repacked_at_most(precision: str, weights: int, architecture: Architecture | None) -> int:
    """The same for a file of which only the precision is known. Rows that are no whole blocks have older formats."""
    if architecture is None or architecture.hidden_size % _BLOCK:
        return 0
    return round(_SHARES.get(precision, 0) * weights)
