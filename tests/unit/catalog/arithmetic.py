"""The number of weights that follows from an architecture: what a typing error in the data would not survive."""

from typing import NamedTuple

from jixi.models.catalog import Architecture, Experts


class Weights(NamedTuple):
    total: int
    active: int


def weights(model: Architecture) -> Weights:
    """Embeddings, attention and feed-forward layers; norms and biases are too small to matter."""
    embeddings = model.vocabulary * model.hidden_size * (1 if model.tied_embeddings else 2)
    attention = sum(_attention_of_layers(model))
    matrices = 3 if model.gated else 2
    dense = matrices * model.hidden_size * (model.feed_forward or 0)
    if (experts := model.experts) is None:
        total = embeddings + attention + model.layers * dense
        return Weights(total, total)
    one = matrices * model.hidden_size * experts.feed_forward
    shared = matrices * model.hidden_size * _shared_width(experts)
    router = model.hidden_size * experts.count
    sparse = model.layers - experts.dense_layers
    common = embeddings + attention + experts.dense_layers * dense + sparse * (shared + router)
    return Weights(common + sparse * experts.count * one, common + sparse * experts.active * one)


def _shared_width(experts: Experts) -> int:
    return experts.shared * (experts.shared_feed_forward or experts.feed_forward)


def _attention_of_layers(model: Architecture) -> list[int]:
    hidden = model.hidden_size
    if (latent := model.latent) is not None:
        query = model.heads * (latent.nope_head_size + latent.rope_head_size)
        asked = hidden * query if latent.q_rank is None else latent.q_rank * (hidden + query)
        kept = hidden * (latent.kv_rank + latent.rope_head_size)
        opened = latent.kv_rank * model.heads * (latent.nope_head_size + latent.value_head_size)
        return model.layers * [asked + kept + opened + model.heads * latent.value_head_size * hidden]
    full, layers = model.layers, list[int]()
    if (window := model.window) is not None:
        full -= window.layers
        size, kept = window.head_size or model.head_size, window.kv_heads or model.kv_heads
        layers += window.layers * [_grouped(hidden, model.heads, kept, size)]
    if (linear := model.linear) is not None:
        full -= linear.layers
        keys, values = linear.key_heads * linear.key_head_size, linear.value_heads * linear.value_head_size
        layers += linear.layers * [hidden * (2 * keys + 3 * values)]
    return layers + full * [_grouped(hidden, model.heads, model.kv_heads, model.head_size)]


def _grouped(hidden: int, heads: int, kv_heads: int, size: int) -> int:
    return hidden * size * 2 * (heads + kv_heads)
