"""Model files that are as small as they may be, and sound."""

import json
import struct
from collections.abc import Mapping
from typing import Any

TEMPLATE = "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"


def text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def pair(key: str, value: Any) -> bytes:
    """A key of the metadata with its value: a string, a truth, a number, or a list of strings."""
    match value:
        case str():
            return text(key) + struct.pack("<I", 8) + text(value)
        case bool():
            return text(key) + struct.pack("<IB", 7, value)
        case int():
            return text(key) + struct.pack("<II", 4, value)
        case _:
            return text(key) + struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))


def tensor(name: str, elements: int, offset: int, kind: int = 24) -> bytes:
    """A tensor of one dimension; type 24 has a byte for each element."""
    return text(name) + struct.pack("<IQIQ", 1, elements, kind, offset)


METADATA: Mapping[str, Any] = {
    "general.architecture": "llama",
    "llama.context_length": 64,
    "tokenizer.ggml.add_bos_token": True,
    "tokenizer.ggml.tokens": ["a", "b", "c"],
    "tokenizer.chat_template": TEMPLATE,
}


def gguf(weights: bytes = bytes(64), metadata: Mapping[str, Any] = METADATA) -> bytes:
    """A file with one tensor, whose bytes are `weights`."""
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, len(metadata))
    head += b"".join(pair(key, value) for key, value in metadata.items())
    head += tensor("weights", len(weights), 0)
    return head + bytes(-len(head) % 32) + weights


def safetensors(weights: bytes = bytes(64)) -> bytes:
    table = {
        "__metadata__": {"format": "pt"},
        "a": {"dtype": "U8", "shape": [len(weights) - 16], "data_offsets": [0, len(weights) - 16]},
        "b": {"dtype": "F16", "shape": [2, 4], "data_offsets": [len(weights) - 16, len(weights)]},
    }
    raw = json.dumps(table).encode()
    return struct.pack("<Q", len(raw)) + raw + weights


BROKEN: Mapping[str, bytes] = {
    "wrong magic": b"GGML" + gguf()[4:],
    "cut": gguf()[:-1],
    "a header out of bounds": gguf()[:8] + struct.pack("<Q", 2**60) + gguf()[16:],
}
"""Files that call themselves GGUF and are none that an engine may read."""
