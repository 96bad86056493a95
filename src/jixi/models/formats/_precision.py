"""In what precision weights are, as their own files say it, in the words of the catalogue."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from jixi.models.formats._gguf import read_gguf, read_gguf_facts
from jixi.models.formats._safetensors import bytes_by_type

_LONGEST_CONFIG: Final = 4 * 1024 * 1024
_SAID: Final = "general.file_type"
# As llama.cpp numbers what a whole file was made to (llama_ftype in include/llama.h).
_FILES: Final[Mapping[int, str]] = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    19: "IQ2_XXS",
    20: "IQ2_XS",
    21: "Q2_K_S",
    22: "IQ3_XS",
    23: "IQ3_XXS",
    24: "IQ1_S",
    25: "IQ4_NL",
    26: "IQ3_S",
    27: "IQ3_M",
    28: "IQ2_S",
    29: "IQ2_M",
    30: "IQ4_XS",
    31: "IQ1_M",
    32: "BF16",
    38: "MXFP4",
}
# As ggml numbers the types of tensors, for files that say nothing of the whole.
_TENSORS: Final[Mapping[int, str]] = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    6: "Q5_0",
    7: "Q5_1",
    8: "Q8_0",
    10: "Q2_K",
    11: "Q3_K_M",
    12: "Q4_K_M",
    13: "Q5_K_M",
    14: "Q6_K",
    20: "IQ4_NL",
    23: "IQ4_XS",
    24: "INT8",
    30: "BF16",
    39: "MXFP4",
}
_PLAIN: Final[Mapping[str, str]] = {
    "F32": "F32",
    "BF16": "BF16",
    "F16": "F16",
    "F8_E4M3": "FP8",
    "F8_E5M2": "FP8",
    "I8": "INT8",
    "U8": "INT8",
}
_METHODS: Final[Mapping[tuple[str, int | None], str]] = {
    ("awq", 4): "AWQ-INT4",
    ("gptq", 4): "GPTQ-INT4",
    ("gptq", 8): "GPTQ-INT8",
    ("fp8", None): "FP8",
    ("mxfp4", None): "MXFP4",
}


class _Quantised(Struct):
    quant_method: str = ""
    bits: int | None = None


class _Config(Struct):
    quantization_config: _Quantised | None = None


def precision_of(paths: Sequence[Path]) -> str | None:
    """That of the model whose files these are; None where they do not say it. Raises FormatError, OSError."""
    for path in paths:
        if path.suffix.lower() == ".gguf":
            return _of_gguf(path)
    config = next((path for path in paths if path.name == "config.json"), None)
    method = None if config is None else _quantised(config)
    if method is not None:
        return _METHODS.get((method.quant_method, method.bits)) or _METHODS.get((method.quant_method, None))
    return _of_safetensors([path for path in paths if path.suffix.lower() == ".safetensors"])


def _of_gguf(path: Path) -> str | None:
    said: Any = read_gguf_facts(path).get(_SAID)
    if said in _FILES:
        return _FILES[said]
    held: Counter[int] = Counter()
    for kind, size in read_gguf(path).kinds.values():
        held[kind] += size
    return _TENSORS.get(held.most_common(1)[0][0]) if held else None


def _quantised(config: Path) -> _Quantised | None:
    if config.stat().st_size > _LONGEST_CONFIG:
        return None
    try:
        return msgspec.json.decode(config.read_bytes(), type=_Config).quantization_config
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _of_safetensors(paths: Sequence[Path]) -> str | None:
    held: Counter[str] = Counter()
    for path in paths:
        held.update(bytes_by_type(path))
    return _PLAIN.get(held.most_common(1)[0][0]) if held else None
