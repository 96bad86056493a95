"""The precision of weights, as their own files say it."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from jixi.models.formats import precision_of
from tests.unit.formats.files import METADATA, gguf, pair, safetensors, tensor


@pytest.mark.parametrize(("said", "precision"), [(1, "F16"), (15, "Q4_K_M"), (30, "IQ4_XS"), (38, "MXFP4")])
def test_a_gguf_file_says_to_what_it_was_made(tmp_path: Path, said: int, precision: str) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf(metadata={"general.file_type": said, **METADATA}))
    assert precision_of([path]) == precision


@pytest.mark.parametrize(
    ("kind", "size", "precision"), [(8, 34, "Q8_0"), (12, 144, "Q4_K_M"), (16, 66, None)]
)
def test_where_it_does_not_say_so_most_of_its_tensors_do(
    tmp_path: Path, kind: int, size: int, precision: str | None
) -> None:
    elements = 32 if kind == 8 else 256
    head = b"GGUF" + struct.pack("<IQQ", 3, 2, 1) + pair("general.architecture", "llama")
    head += tensor("a", 4, 0, 0) + tensor("b", elements, 32, kind)
    path = tmp_path / "m.gguf"
    path.write_bytes(head + bytes(-len(head) % 32) + bytes(32 + size))
    assert precision_of([path]) == precision


@pytest.mark.parametrize(
    ("config", "precision"),
    [
        ({}, "INT8"),
        ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, "GPTQ-INT4"),
        ({"quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}}, "FP8"),
        ({"quantization_config": {"quant_method": "own"}}, None),
    ],
)
def test_a_folder_of_safetensors_says_it_in_its_configuration_or_its_tensors(
    tmp_path: Path, config: dict[str, Any], precision: str | None
) -> None:
    paths = [tmp_path / "config.json", tmp_path / "m.safetensors"]
    paths[0].write_text(json.dumps(config))
    paths[1].write_bytes(safetensors(bytes(200)))
    assert precision_of(paths) == precision


def test_text_alone_says_nothing_of_a_precision(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text("Q4_K_M")
    assert precision_of([path]) is None
