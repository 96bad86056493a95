"""How a model is built, as its own files say it: the header of a GGUF file, or config.json beside safetensors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from jixi.models.catalog import Architecture, Experts, Latent
from jixi.models.formats import FormatError, read_gguf_facts

_LARGEST_CONFIG = 4 * 2**20


def built_of(files: Mapping[str, Path]) -> Architecture | None:
    """None where no file says it, or for a kind whose cache is not computed here, such as a state-space model.

    Windows are not told apart there, so that all layers count whole: at most too much.
    """
    for path in files.values():
        if path.suffix.lower() == ".gguf" and path.is_file():
            return _from_gguf(path)
    for path in files.values():
        config = (path if path.is_dir() else path.parent) / "config.json"
        if config.is_file() and config.stat().st_size <= _LARGEST_CONFIG:
            return _from_config(config)
    return None


class _Config(msgspec.Struct):
    """What Hugging Face's configurations say; those of models with several towers hold that of the text in one."""

    text_config: dict[str, Any] | None = None
    num_hidden_layers: int | None = None
    hidden_size: int | None = None
    intermediate_size: int | None = None
    num_attention_heads: int | None = None
    num_key_value_heads: int | None = None
    head_dim: int | None = None
    vocab_size: int | None = None
    kv_lora_rank: int | None = None
    qk_rope_head_dim: int | None = None
    qk_nope_head_dim: int | None = None
    v_head_dim: int | None = None
    num_experts: int | None = None
    n_routed_experts: int | None = None
    num_local_experts: int | None = None
    num_experts_per_tok: int | None = None
    moe_intermediate_size: int | None = None


def _from_config(path: Path) -> Architecture | None:
    try:
        said = msgspec.json.decode(path.read_bytes(), type=_Config)
        said = said if said.text_config is None else msgspec.convert(said.text_config, _Config)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    experts = said.num_experts or said.n_routed_experts or said.num_local_experts
    return _built(
        {
            "layers": said.num_hidden_layers,
            "hidden_size": said.hidden_size,
            "feed_forward": said.intermediate_size,
            "heads": said.num_attention_heads,
            "kv_heads": said.num_key_value_heads or said.num_attention_heads,
            "head_size": said.head_dim,
            "vocabulary": said.vocab_size,
            "kv_rank": said.kv_lora_rank,
            "rope_head_size": said.qk_rope_head_dim,
            "nope_head_size": said.qk_nope_head_dim,
            "value_head_size": said.v_head_dim,
            "experts": experts,
            "active": said.num_experts_per_tok,
            "expert_feed_forward": said.moe_intermediate_size or said.intermediate_size,
        }
    )


def _from_gguf(path: Path) -> Architecture | None:
    try:
        said = read_gguf_facts(path)
    except (OSError, FormatError):
        return None
    kind = said.get("general.architecture")

    def of(name: str) -> Any:
        return said.get(f"{kind}.{name}")

    if of("ssm.state_size") is not None:
        return None
    return _built(
        {
            "layers": of("block_count"),
            "hidden_size": of("embedding_length"),
            "feed_forward": of("feed_forward_length"),
            "heads": of("attention.head_count"),
            "kv_heads": of("attention.head_count_kv") or of("attention.head_count"),
            "head_size": of("attention.key_length"),
            "vocabulary": of("vocab_size") or said.get("tokenizer.ggml.tokens"),
            "kv_rank": of("attention.kv_lora_rank"),
            "rope_head_size": of("rope.dimension_count"),
            "nope_head_size": of("rope.dimension_count"),
            "value_head_size": of("attention.value_length"),
            "experts": of("expert_count"),
            "active": of("expert_used_count"),
            "expert_feed_forward": of("expert_feed_forward_length") or of("feed_forward_length"),
        }
    )


def _built(said: dict[str, Any]) -> Architecture | None:
    """None where what the cache is computed from is missing, is no number, or differs from layer to layer."""
    try:
        heads, kv_heads = said["heads"], said["kv_heads"]
        latent = experts = None
        if said["kv_rank"]:
            latent = _struct(said, Latent, "kv_rank", "rope_head_size", "nope_head_size", "value_head_size")
        if said["experts"] and said["active"]:
            experts = Experts(said["experts"], said["active"], said["expert_feed_forward"])
        attention: Literal["mha", "gqa", "mla"] = "mla" if latent else "mha" if heads == kv_heads else "gqa"
        found = Architecture(
            attention=attention,
            layers=said["layers"],
            hidden_size=said["hidden_size"],
            heads=heads,
            kv_heads=kv_heads,
            head_size=said["head_size"] or said["hidden_size"] // heads,
            vocabulary=said["vocabulary"],
            feed_forward=said["feed_forward"],
            latent=latent,
            experts=experts,
        )
        return msgspec.convert(msgspec.to_builtins(found), Architecture)
    except (TypeError, ZeroDivisionError, msgspec.MsgspecError):
        return None


def _struct(said: dict[str, Any], kind: type[Latent], *names: str) -> Latent:
    return kind(**{name: said[name] for name in names})
