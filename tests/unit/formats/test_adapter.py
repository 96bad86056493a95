"""An adapter is held against its base before an engine sees either."""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from jixi.models.formats import FormatError, adapter_form, check_adapter
from tests.adapters import write_gguf_adapter, write_peft_adapter, write_safetensors
from tests.unit.formats.files import METADATA, pair, text

MATRICES = {"blk.0.ffn_up.weight": (64, 96)}
MODULES = {"model.layers.0.mlp.up_proj": (64, 96)}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A model of one matrix, and of words."""
    path = tmp_path / "base.gguf"
    shapes = {"blk.0.ffn_up.weight": (64, 96), "token_embd.weight": (64, 128), "blk.0.norm.weight": (64,)}
    head, data = b"GGUF" + struct.pack("<IQQ", 3, len(shapes), len(METADATA)), b""
    head += b"".join(pair(key, value) for key, value in METADATA.items())
    for name, shape in shapes.items():
        head += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 24, len(data))
        size = shape[0] * (shape[1] if len(shape) == 2 else 1)
        data += bytes(size + -size % 32)
    path.write_bytes(head + bytes(-len(head) % 32) + data)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The same as a folder of Hugging Face's form."""
    made = tmp_path / "base"
    made.mkdir()
    (made / "config.json").write_text('{"model_type": "llama"}')
    write_safetensors(made / "model.safetensors", {"model.layers.0.mlp.up_proj.weight": [96, 64]})
    return made


def refused(path: Path, base: Path) -> str:
    with pytest.raises(FormatError) as raised:
        check_adapter(path, base)
    return str(raised.value)


def test_an_adapter_for_the_base_passes(tmp_path: Path, base: Path, folder: Path) -> None:
    adapter = write_gguf_adapter(tmp_path / "a.gguf", 1, MATRICES)
    check_adapter(adapter, base)
    words = write_gguf_adapter(tmp_path / "b.gguf", 1, {"token_embd.weight": (128, 64)})
    check_adapter(words, base)
    tuned = write_peft_adapter(tmp_path / "tuned", MODULES)
    check_adapter(tuned, folder)
    check_adapter(tuned, folder / "config.json")
    assert (adapter_form(adapter), adapter_form(tuned)) == ("gguf", "peft")


def test_weights_that_are_packed_are_taken_by_their_names(tmp_path: Path, folder: Path) -> None:
    write_safetensors(folder / "model.safetensors", {"model.layers.0.mlp.up_proj.qweight": [8, 96]})
    check_adapter(write_peft_adapter(tmp_path / "tuned", MODULES), folder)


@pytest.mark.parametrize(
    ("matrices", "metadata", "word"),
    [
        ({"blk.1.ffn_up.weight": (64, 96)}, {}, "the base has no"),
        ({"blk.0.ffn_up.weight": (32, 96)}, {}, "not that of the base"),
        ({"blk.0.ffn_up.weight": (64, 48)}, {}, "not that of the base"),
        ({"token_embd.weight": (64, 128)}, {}, "not that of the base"),
        ({"blk.0.norm.weight": (64, 64)}, {}, "no matrix"),
        (MATRICES, {"general.architecture": "qwen2"}, "'qwen2', the base is 'llama'"),
        (MATRICES, {"general.type": None}, "no LoRA adapter"),
        (MATRICES, {"adapter.type": "control_vector"}, "no LoRA adapter"),
        ({}, {}, "empty"),
    ],
)
def test_a_gguf_adapter_of_another_base_is_refused(
    tmp_path: Path, base: Path, matrices: Mapping[str, tuple[int, int]], metadata: dict[str, Any], word: str
) -> None:
    assert word in refused(write_gguf_adapter(tmp_path / "a.gguf", 1, matrices, **metadata), base)


def test_a_model_is_no_adapter_and_a_broken_file_is_none(tmp_path: Path, base: Path) -> None:
    assert "no LoRA adapter" in refused(base, base)
    whole = write_gguf_adapter(tmp_path / "a.gguf", 1, MATRICES).read_bytes()
    (tmp_path / "cut.gguf").write_bytes(whole[:-1])
    assert "cut" in refused(tmp_path / "cut.gguf", base)
    assert "no such file" in refused(tmp_path / "nothing.gguf", base)


@pytest.mark.parametrize(
    ("modules", "tensors", "config", "word"),
    [
        ({"model.layers.1.mlp.up_proj": (64, 96)}, {}, {}, "the base has no"),
        ({"model.layers.0.mlp.up_proj": (32, 96)}, {}, {}, "not that of the base"),
        (MODULES, {"base_model.model.a.lora_A.weight": [2, 2]}, {}, "one half"),
        (MODULES, {"base_model.model.lm_head.weight": [2, 2]}, {}, "no part of a LoRA adapter"),
        (MODULES, {}, {"peft_type": "IA3"}, "no LoRA adapter"),
        (MODULES, {}, {"use_dora": True}, "DoRA"),
        (MODULES, {}, {"modules_to_save": ["lm_head"]}, "replaces parts"),
        (MODULES, {}, {"peft_type": 7}, "cannot be read"),
    ],
)
def test_an_adapter_of_pefts_form_of_another_base_is_refused(
    tmp_path: Path,
    folder: Path,
    modules: Mapping[str, tuple[int, int]],
    tensors: dict[str, Any],
    config: dict[str, Any],
    word: str,
) -> None:
    assert word in refused(write_peft_adapter(tmp_path / "tuned", modules, tensors, **config), folder)


def test_a_pickle_is_refused_alone_and_beside_sound_weights(tmp_path: Path, folder: Path) -> None:
    tuned = write_peft_adapter(tmp_path / "tuned", MODULES)
    (tuned / "adapter_model.bin").write_bytes(b"\x80\x04}\x94.")
    assert "adapter_model.bin" in refused(tuned, folder)
    (tuned / "adapter_model.safetensors").unlink()
    assert "no folder with" in refused(tuned, folder)
