"""LoRA adapters made of random numbers, as small as they may be: GGUF files for llama.cpp, folders of PEFT's form."""

import array
import json
import random
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

SMOLLM2: Final = {"blk.0.ffn_up.weight": (576, 1536), "blk.5.ffn_up.weight": (576, 1536)}
"""Two matrices of SmolLM2-135M, with the widths of what goes in and what comes out."""
_RANK: Final = 2


def write_gguf_adapter(
    path: Path,
    seed: int,
    matrices: Mapping[str, tuple[int, int]] = SMOLLM2,
    size: float = 0.6,
    rank: int = _RANK,
    **metadata: Any,
) -> Path:
    """An adapter whose numbers are about `size`: at 0.6 the model says something else altogether."""
    known = {
        "general.type": "adapter",
        "general.architecture": "llama",
        "adapter.type": "lora",
        "adapter.lora.alpha": 8.0,
    }
    pairs = {name: value for name, value in (known | metadata).items() if value is not None}
    numbers, tables, data = random.Random(seed), b"", b""
    for name, (width, height) in matrices.items():
        # Words are the rows of their matrix, so that what goes in stands last.
        first = (rank, width) if name.startswith("token_embd") else (width, rank)
        for side, shape in (("a", first), ("b", (rank, height))):
            count = shape[0] * shape[1]
            drawn = [numbers.gauss(0, size) for _ in range(count)] if size else [0.0] * count
            raw = array.array("f", drawn).tobytes()
            tables += _text(f"{name}.lora_{side}") + struct.pack("<IQQIQ", 2, *shape, 0, len(data))
            data += raw + bytes(-len(raw) % 32)
    head = b"GGUF" + struct.pack("<IQQ", 3, 2 * len(matrices), len(pairs))
    head += b"".join(_pair(name, value) for name, value in pairs.items()) + tables
    path.write_bytes(head + bytes(-len(head) % 32) + data)
    return path


def write_peft_adapter(
    folder: Path,
    matrices: Mapping[str, tuple[int, int]],
    tensors: Mapping[str, Any] | None = None,
    **config: Any,
) -> Path:
    """An adapter for modules such as "model.layers.0.mlp.up_proj"; `tensors` are shapes of others beside those."""
    folder.mkdir(parents=True, exist_ok=True)
    shapes: dict[str, Any] = {}
    for name, (width, height) in matrices.items():
        shapes[f"base_model.model.{name}.lora_A.weight"] = [_RANK, width]
        shapes[f"base_model.model.{name}.lora_B.weight"] = [height, _RANK]
    write_safetensors(folder / "adapter_model.safetensors", shapes | dict(tensors or {}))
    said = {"peft_type": "LORA", "r": _RANK, "lora_alpha": 8, "target_modules": ["up_proj"], "bias": "none"}
    (folder / "adapter_config.json").write_text(json.dumps(said | config))
    return folder


def write_safetensors(path: Path, shapes: Mapping[str, list[int]]) -> Path:
    """A file of zeros in tensors of these shapes."""
    table: dict[str, Any] = {}
    end = 0
    for name, shape in shapes.items():
        start, end = end, end + 2 * _product(shape)
        table[name] = {"dtype": "F16", "shape": shape, "data_offsets": [start, end]}
    raw = json.dumps(table).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + bytes(end))
    return path


def _product(shape: list[int]) -> int:
    product = 1
    for extent in shape:
        product *= extent
    return product


def _text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def _pair(key: str, value: str | float) -> bytes:
    if isinstance(value, str):
        return _text(key) + struct.pack("<I", 8) + _text(value)
    return _text(key) + struct.pack("<If", 6, value)
