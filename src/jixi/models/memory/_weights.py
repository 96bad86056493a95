"""How large the weights are in the files that an engine is given."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

_WEIGHTS: Final = frozenset({".gguf", ".safetensors", ".bin", ".onnx"})


def weights_of(files: Mapping[str, Path]) -> int:
    """Bytes of the weights among them, or in the folders among them where no file is named."""
    named = {path.resolve() for path in files.values() if path.is_file()}
    found = _sizes(named) or sum(_sizes(folder.rglob("*")) for folder in files.values() if folder.is_dir())
    return found or sum(path.stat().st_size for path in named)


def _sizes(paths: Iterable[Path]) -> int:
    return sum(path.stat().st_size for path in paths if path.suffix in _WEIGHTS and path.is_file())
