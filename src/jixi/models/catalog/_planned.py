"""An entry as the capacity planner sees it: the storey below knows no catalogue of models."""

from jixi.compute.planner import Experts, LayerCache, Model
from jixi.core.errors import problem
from jixi.models.catalog._architecture import Architecture
from jixi.models.catalog._entry import Entry


def planner_model(entry: Entry) -> Model:
    """What the entry says of its weights and its architecture. Raises `planner_facts_missing` where it says no number
    of weights; an unknown architecture leaves the widths open.
    """
    if entry.parameters is None:
        raise problem("planner_facts_missing", param="model", model=entry.id, facts="parameters")
    total, active, built = entry.parameters.total, entry.parameters.active, entry.architecture
    if built is None:
        return Model(name=entry.id, parameters=total, active=active)
    return Model(
        name=entry.id,
        parameters=total,
        active=active,
        lookup=0 if built.tied_embeddings else built.vocabulary * built.hidden_size,
        layers=built.layers,
        hidden=built.hidden_size,
        heads=built.heads,
        kv_heads=built.kv_heads,
        head_size=built.head_size,
        feed_forward=_passed(built),
        vocabulary=built.vocabulary,
        gated=built.gated,
        experts=_experts(built, total, active),
        cache=_cache(built),
    )


def _passed(built: Architecture) -> int | None:
    """The inner width that a token passes in a layer, that of all its experts together."""
    if (experts := built.experts) is None:
        return built.feed_forward
    return experts.active * experts.feed_forward + experts.shared * (
        experts.shared_feed_forward or experts.feed_forward
    )


def _experts(built: Architecture, total: int, active: int | None) -> Experts | None:
    """The weights of all routed experts follow from the publisher's two numbers: a token leaves the others out."""
    if (experts := built.experts) is None or active is None:
        return None
    routed = (total - active) / (1 - experts.active / experts.count)
    return Experts(count=experts.count, active=experts.active, parameters=min(total, round(routed)))


def _cache(built: Architecture) -> tuple[LayerCache, ...]:
    if (latent := built.latent) is not None:
        width = built.heads * (latent.nope_head_size + latent.rope_head_size + latent.value_head_size)
        more = latent.index_head_size or 0
        return (LayerCache.latent(built.layers, latent.kv_rank, latent.rope_head_size, width, more),)
    found: list[LayerCache] = []
    full = built.layers
    if (window := built.window) is not None:
        full -= window.layers
        heads, size = window.kv_heads or built.kv_heads, window.head_size or built.head_size
        found.append(LayerCache.grouped(window.layers, built.heads, heads, size, window.tokens))
    if (linear := built.linear) is not None:
        full -= linear.layers
        state = linear.value_heads * linear.key_head_size * linear.value_head_size
        found.append(LayerCache.linear(linear.layers, state, splits=linear.value_heads))
    return (LayerCache.grouped(full, built.heads, built.kv_heads, built.head_size), *found)
